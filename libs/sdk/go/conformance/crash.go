package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"mistral-mesh/sdk/mistral"
)

type crashInput struct {
	When     string `json:"when" enum:"before-ack,running,after-result"`
	OnceFile string `json:"once_file"`
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
		if event.Run.Action != "conf.crash" || event.Decode(&input) != nil {
			return
		}
		if input.When == "before-ack" && once(input.OnceFile) {
			kill()
		}
	case mistral.EventSent:
		c.mu.Lock()
		_, due := c.due[event.Run.Token]
		c.mu.Unlock()
		if due {
			// Sending hands the bytes to the connection, which writes them in a moment of its own.
			time.Sleep(20 * time.Millisecond)
			kill()
		}
	}
}

func (c *crashes) run(ctx mistral.Context, input crashInput) (string, error) {
	switch input.When {
	case "running":
		if once(input.OnceFile) {
			kill()
		}
	case "after-result":
		if once(input.OnceFile) {
			c.mu.Lock()
			c.due[ctx.Run().Token] = input
			c.mu.Unlock()
		}
	}
	return "survived", nil
}

// once creates a file, and says whether it was not there before.
func once(path string) bool {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return false
	}
	return file.Close() == nil
}
