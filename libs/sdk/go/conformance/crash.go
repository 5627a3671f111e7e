package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"mistral-mesh/sdk/mistral"
)

type crashInput struct {
	When     string `json:"when" enum:"before-ack,running,after-result"`
	OnceFile string `json:"once_file"`
	File     string `json:"file,omitempty"`
}

// crashes kills the process at the moment that a run of conf.crash asks for, unless its file is there already.
type crashes struct {
	mu  sync.Mutex
	due map[string]crashInput
}

// observe prints `ready`, and kills at the moments that a handler does not see.
func (c *crashes) observe(event mistral.Event) {
	switch event.Kind {
	case mistral.EventConnected:
		fmt.Println("ready")
	case mistral.EventAssigned:
		var input crashInput
		if event.Run.Action == "conf.crash" && event.Decode(&input) == nil && input.When == "before-ack" {
			input.die()
		}
	case mistral.EventSent:
		c.mu.Lock()
		input, due := c.due[event.Run.Token]
		c.mu.Unlock()
		if due {
			// The connection has taken the message; give the kernel the moment to take it too.
			time.Sleep(50 * time.Millisecond)
			input.die()
		}
	}
}

func (c *crashes) run(ctx mistral.Context, input crashInput) (string, error) {
	if err := note(ctx, input.File, "begin"); err != nil {
		return "", err
	}
	switch input.When {
	case "running":
		input.die()
	case "after-result":
		c.mu.Lock()
		c.due[ctx.Run().Token] = input
		c.mu.Unlock()
	}
	return "survived", nil
}

// die creates the file and kills the process, unless the file exists.
func (i crashInput) die() {
	file, err := os.OpenFile(i.OnceFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return
	}
	if err = errors.Join(err, file.Close(), syscall.Kill(os.Getpid(), syscall.SIGKILL)); err != nil {
		panic(err)
	}
	select {}
}
