// Command client runs one scenario against a mesh: `client ADDRESS PLAN.json`. It prints what it saw as one JSON object.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// plan says what to do; the same file serves the clients of all languages.
type plan struct {
	Workflow   string `json:"workflow"`
	Held       string `json:"held"`
	Definition string `json:"definition"`
	Faulty     string `json:"faulty"`
	Input      string `json:"input"`
	RequestID  string `json:"request_id"`
	Reason     string `json:"reason"`
	Unknown    string `json:"unknown"`
	PageSize   int32  `json:"page_size"`
}

// report says what was seen.
type report struct {
	Versions      []string          `json:"versions"`
	StartedID     string            `json:"started_id"`
	RepeatedID    string            `json:"repeated_id"`
	State         string            `json:"state"`
	Output        string            `json:"output"`
	Greeting      string            `json:"greeting"`
	Next          string            `json:"next"`
	Events        []seen            `json:"events"`
	ResumedEvents []seen            `json:"resumed_events"`
	TaskPages     [][]string        `json:"task_pages"`
	Steered       []string          `json:"steered"`
	Reason        string            `json:"reason"`
	Faulty        map[string]string `json:"faulty"`
	Missing       map[string]string `json:"missing"`
	Late          string            `json:"late"`
	Deleted       []string          `json:"deleted"`
}

// seen is one event of an execution.
type seen struct {
	Position string `json:"position"`
	Type     string `json:"type"`
	Task     string `json:"task"`
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: client ADDRESS PLAN.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(address, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var wanted plan
	if err := json.Unmarshal(text, &wanted); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	// Every call ends by then, whatever happens.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	found, err := scenario(ctx, connect(connection), wanted)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}
