package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"time"
)

// settings are flags; what no flag says, a variable of the environment may.
type settings struct {
	listen    string
	cert      string
	key       string
	public    bool
	verbose   bool
	bodyLimit int64
	drain     time.Duration
	mesh      string
	meshTLS   bool
	meshCA    string
	meshName  string
	meshCert  string
	meshKey   string
}

const prefix = "MISTRAL_GRPC_GATEWAY_"

func readSettings(name string, arguments []string) (*settings, error) {
	s := &settings{}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8990", "`host:port` of HTTP; port 0 lets the system choose")
	flags.StringVar(&s.cert, "cert", "", "`file` of the certificate, PEM: serve HTTPS")
	flags.StringVar(&s.key, "key", "", "`file` of its key")
	flags.BoolVar(&s.public, "public", false, "listen beyond this machine; only for a mesh that asks for credentials")
	flags.BoolVar(&s.verbose, "verbose", false, "log each request")
	flags.Int64Var(&s.bodyLimit, "body-limit", 8<<20, "largest request body in `bytes`")
	flags.DurationVar(&s.drain, "drain", 10*time.Second, "how long running requests may take when it is stopped")
	flags.StringVar(&s.mesh, "mesh", "127.0.0.1:50051", "gRPC `address` of the mesh")
	flags.BoolVar(&s.meshTLS, "mesh-tls", false, "speak TLS to the mesh")
	flags.StringVar(&s.meshCA, "mesh-ca", "", "`file` of who signs for the mesh, PEM; those of the system unless given")
	flags.StringVar(&s.meshName, "mesh-name", "", "`name` in the certificate of the mesh; the host of its address unless given")
	flags.StringVar(&s.meshCert, "mesh-cert", "", "`file` of the certificate that the mesh asks for, PEM")
	flags.StringVar(&s.meshKey, "mesh-key", "", "`file` of its key")
	flags.Usage = func() { usage(flags) }
	if err := fromEnvironment(flags); err != nil {
		return nil, err
	}
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is not a flag", flags.Arg(0))
	}
	return s, s.check()
}

// fromEnvironment sets what variables say; flags are parsed later, and so go before them.
func fromEnvironment(flags *flag.FlagSet) error {
	var wrong []error
	flags.VisitAll(func(f *flag.Flag) {
		if text, given := os.LookupEnv(variable(f)); given {
			if err := f.Value.Set(text); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %q: %w", variable(f), text, err))
			}
		}
	})
	return errors.Join(wrong...)
}

func (s *settings) check() error {
	host, _, err := net.SplitHostPort(s.listen)
	if err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	if (s.cert == "") != (s.key == "") || (s.meshCert == "") != (s.meshKey == "") {
		return errors.New("a certificate needs its key: give both -cert and -key, both -mesh-cert and -mesh-key")
	}
	if !s.meshTLS && (s.meshCA != "" || s.meshCert != "" || s.meshName != "") {
		return errors.New("-mesh-ca, -mesh-name and -mesh-cert need -mesh-tls")
	}
	if s.bodyLimit <= 0 {
		return errors.New("-body-limit must be positive")
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && !s.public {
		return fmt.Errorf("-listen %s is open to other machines: if the mesh asks for credentials, say -public", s.listen)
	}
	return nil
}
