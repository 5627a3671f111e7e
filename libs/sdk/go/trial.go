package mistral

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// Trial says what a handler is told in [Worker.Try]; the zero value is a first attempt.
type Trial struct {
	Attempt        int
	IdempotencyKey string
	// LastProgress are the details that the last attempt told; nil for none.
	LastProgress any
	TaskName     string
	WorkflowName string
	Traceparent  string
}

// Outcome is how a trial ended.
type Outcome struct {
	// Sent is the result as it would leave the process, with its secrets encrypted.
	Sent json.RawMessage
	// Err is the handler's error, or what kept it from running; nil if all went well.
	Err error
	// Failure is what a task would see of Err; nil also if the run was cancelled or deferred.
	Failure *Failure
	// Deferred and Cancelled say how else it can end.
	Deferred, Cancelled bool
	// Percent and Details are the last ones told.
	Percent float64
	Details json.RawMessage
	// Lines are what it logged.
	Lines []string

	codec Codec
}

// Decode reads the result, with its secrets decrypted.
func (o *Outcome) Decode(into any) error {
	if o.Err != nil {
		return fmt.Errorf("mistral: there is no result: %w", o.Err)
	}
	text, err := open(o.codec, o.Sent)
	if err != nil {
		return err
	}
	return decode(text, into)
}

// Try runs the handler of an action here and now, without a server: what a workflow would send goes through the same
// reading, decrypting, writing and encrypting. Cancel the context with the cause [ErrCancelled] to try a cancellation.
func (w *Worker) Try(ctx context.Context, action string, input any, trial Trial) *Outcome {
	outcome := &Outcome{codec: w.options.Codec}
	offered, known := w.actions[action]
	text, err := encode(input)
	assignment := trial.assignment(action)
	if err == nil && trial.LastProgress != nil {
		assignment.ProgressDetails, err = encode(trial.LastProgress)
	}
	switch {
	case !known:
		err = fmt.Errorf("mistral: this worker does not offer %q", action)
	case len(w.faults) > 0:
		err = errors.Join(w.faults...)
	}
	if err != nil {
		outcome.Err = err
		return outcome
	}
	var mu sync.Mutex
	run := newRunContext(ctx, assignment, w.log, func(news *pb.AssignmentProgress) {
		mu.Lock()
		defer mu.Unlock()
		outcome.note(news)
	})
	output, err := w.perform(run, offered, text)
	mu.Lock()
	defer mu.Unlock()
	outcome.end(outcomeOf(run, assignment.Token, output, err), err)
	return outcome
}

func (t Trial) assignment(action string) *pb.Assignment {
	key := t.IdempotencyKey
	if key == "" {
		key = "trial"
	}
	return &pb.Assignment{
		Token: "trial", Action: action, Attempt: int32(max(1, t.Attempt)), IdempotencyKey: key, ActionExecutionId: key,
		TaskName: t.TaskName, WorkflowName: t.WorkflowName, Traceparent: t.Traceparent,
		ScheduledAt: timestamppb.New(time.Now()),
	}
}

func (o *Outcome) note(news *pb.AssignmentProgress) {
	if news.Percent != nil {
		o.Percent = *news.Percent
	}
	if news.Details != nil {
		o.Details = news.Details
	}
	for _, line := range news.Lines {
		o.Lines = append(o.Lines, line.Message)
	}
}

func (o *Outcome) end(result *pb.AssignmentResult, err error) {
	o.Err = err
	switch ended := result.Outcome.(type) {
	case *pb.AssignmentResult_Success:
		o.Sent = ended.Success.Output
	case *pb.AssignmentResult_Failure:
		failure := ended.Failure
		o.Failure = &Failure{Type: failure.Type, Message: failure.Message, Permanent: failure.Permanent}
		if failure.Details != nil {
			o.Failure.Details = json.RawMessage(failure.Details)
		}
	case *pb.AssignmentResult_Deferral:
		o.Deferred = true
	case *pb.AssignmentResult_Cancellation:
		o.Cancelled = true
	}
}
