package mistral

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// waitSpan is how long one call waits for the end of an execution; it is made again and again.
const waitSpan = 20 * time.Second

// State is where an execution stands, such as "RUNNING".
type State string

// States in which an execution is over, and some in which it is not.
const (
	Success   State = "SUCCESS"
	Error     State = "ERROR"
	Cancelled State = "CANCELLED"
	Running   State = "RUNNING"
	Paused    State = "PAUSED"
)

// Final says whether the state is an end.
func (s State) Final() bool { return s == Success || s == Error || s == Cancelled || s == "SKIPPED" }

func stateOf(state pb.State) State { return State(strings.TrimPrefix(state.String(), "STATE_")) }

// Execution is one run of a workflow.
type Execution struct {
	ID     string
	client *Client
}

// Execution names an execution by its id; it asks nobody whether there is one.
func (c *Client) Execution(id string) *Execution { return &Execution{ID: id, client: c} }

// Status is where an execution stands.
type Status struct {
	ID           string
	WorkflowName string
	State        State
	// Info says why, for people.
	Info string
	// Output is a JSON object with secrets decrypted; empty until the state is final.
	Output json.RawMessage
}

// Decode reads the output; large integers stay whole in json.Number, *big.Int and json.RawMessage.
func (s *Status) Decode(into any) error { return decode(s.Output, into) }

// ExecutionError is returned when an execution did not end well.
type ExecutionError struct{ Status *Status }

func (e *ExecutionError) Error() string {
	return fmt.Sprintf("mistral: execution %s ended as %s: %s", e.Status.ID, e.Status.State, e.Status.Info)
}

func (e *Execution) status(found *pb.Execution) (*Status, error) {
	output, err := open(e.client.codec, []byte(found.Output))
	if err != nil {
		return nil, err
	}
	return &Status{
		ID: found.Id, WorkflowName: found.WorkflowName, State: stateOf(found.State), Info: found.StateInfo, Output: output,
	}, nil
}

// Status asks where the execution stands.
func (e *Execution) Status(ctx context.Context) (*Status, error) {
	answer, err := repeated(ctx, e.client.executions.GetExecution, &pb.GetExecutionRequest{Id: e.ID})
	if err != nil {
		return nil, fmt.Errorf("mistral: execution %s: %w", e.ID, err)
	}
	return e.status(answer.Execution)
}

// Wait returns once the execution is over, with an [ExecutionError] if it did not end well. The context limits it.
func (e *Execution) Wait(ctx context.Context) (*Status, error) {
	request, back := &pb.GetExecutionRequest{Id: e.ID, Wait: durationpb.New(waitSpan)}, newBackoff()
	for {
		answer, err := call(ctx, e.client.executions.GetExecution, request)
		switch {
		case err == nil && stateOf(answer.Execution.State).Final():
			return e.ended(answer.Execution)
		case err == nil:
			back.reset()
		case final(ctx, err) || !pause(ctx, back.next()):
			return nil, fmt.Errorf("mistral: wait for %s: %w", e.ID, err)
		}
	}
}

func (e *Execution) ended(found *pb.Execution) (*Status, error) {
	status, err := e.status(found)
	if err == nil && status.State != Success {
		err = &ExecutionError{Status: status}
	}
	return status, err
}

// Output waits for the end and reads the output.
func (e *Execution) Output(ctx context.Context, into any) error {
	status, err := e.Wait(ctx)
	if err != nil {
		return err
	}
	return status.Decode(into)
}

// Pause lets running tasks finish and starts no more.
func (e *Execution) Pause(ctx context.Context) error {
	_, err := repeated(ctx, e.client.executions.PauseExecution, &pb.PauseExecutionRequest{Id: e.ID})
	return e.said("pause", err)
}

// Resume goes on with a paused execution.
func (e *Execution) Resume(ctx context.Context) error {
	_, err := repeated(ctx, e.client.executions.ResumeExecution, &pb.ResumeExecutionRequest{Id: e.ID})
	return e.said("resume", err)
}

// Cancel ends the execution; the reason is for people.
func (e *Execution) Cancel(ctx context.Context, reason string) error {
	request := &pb.StopExecutionRequest{Id: e.ID, State: pb.State_STATE_CANCELLED, Message: reason}
	_, err := repeated(ctx, e.client.executions.StopExecution, request)
	return e.said("cancel", err)
}

func (e *Execution) said(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("mistral: %s %s: %w", what, e.ID, err)
}

// ExecutionEvent is something that happened to an execution or one of its tasks.
type ExecutionEvent struct {
	// Position grows; [Execution.Watch] can begin after one.
	Position int64
	// Type is such as "TASK_SUCCEEDED".
	Type     string
	At       time.Time
	TaskID   string
	TaskName string
	State    State
	Info     string
}

// Watch yields what happened after a position, 0 for all, and then what happens, until the execution is over. A broken
// connection is made again without a gap; an error is the last thing yielded.
func (e *Execution) Watch(ctx context.Context, after int64) iter.Seq2[ExecutionEvent, error] {
	return func(yield func(ExecutionEvent, error) bool) {
		back := newBackoff()
		for {
			before := after
			goOn, err := e.watch(ctx, &after, yield)
			if !goOn {
				return
			}
			if after > before {
				back.reset()
			}
			if final(ctx, err) || !pause(ctx, back.next()) {
				yield(ExecutionEvent{}, fmt.Errorf("mistral: watch %s: %w", e.ID, err))
				return
			}
		}
	}
}

// watch reads one stream. It says whether there is more to come, and what broke the stream.
func (e *Execution) watch(
	ctx context.Context, after *int64, yield func(ExecutionEvent, error) bool,
) (goOn bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := e.client.executions.WatchExecution(ctx, &pb.WatchExecutionRequest{Id: e.ID, AfterPosition: *after})
	if err != nil {
		return true, err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return true, err
		}
		event := answer.Event
		*after = event.Position
		seen := ExecutionEvent{
			Position: event.Position, Type: event.Type, At: event.At.AsTime(), TaskID: event.TaskId,
			TaskName: event.TaskName, State: stateOf(event.State), Info: event.StateInfo,
		}
		if !yield(seen, nil) {
			return false, nil
		}
	}
}
