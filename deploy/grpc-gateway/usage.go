package main

import (
	"flag"
	"fmt"
	"strings"
)

// variable names the variable of the environment for a flag.
func variable(f *flag.Flag) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}

func usage(flags *flag.FlagSet) {
	out := flags.Output()
	fmt.Fprintf(out, "%s serves the public API of a mesh over HTTP with JSON.\n\n", flags.Name())
	flags.VisitAll(func(f *flag.Flag) {
		what, text := flag.UnquoteUsage(f)
		fmt.Fprintf(out, "  -%s %s\n        %s\n        %s", f.Name, what, text, variable(f))
		if f.DefValue != "" && f.DefValue != "false" {
			fmt.Fprintf(out, ", default %s", f.DefValue)
		}
		fmt.Fprintln(out)
	})
}
