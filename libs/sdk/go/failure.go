package mistral

import (
	"context"
	"errors"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

var (
	// ErrDeferred is what a handler returns when somebody completes the run later: see [Client.Complete].
	ErrDeferred = errors.New("mistral: completed later")
	// ErrCancelled is the cause of a run's context when nobody wants its result any more.
	ErrCancelled = errors.New("mistral: the run was cancelled")
	// ErrLeaseLost is the cause of a run's context when the run is not this worker's any more.
	ErrLeaseLost = errors.New("mistral: the run is not this worker's any more")
	// ErrSuperseded ends a worker when another process has taken over its id.
	ErrSuperseded = errors.New("mistral: another process works under this worker id")
	// ErrDrainTimeout is the cause of a run's context, and ends the worker, when it did not end within DrainTimeout.
	ErrDrainTimeout = errors.New("mistral: runs did not end in time")
)

// Failure is an error that workflows can tell apart: by its type, and by details that are a JSON value.
//
// A task sees {"type", "message", "details"}, or the message alone if there is nothing else.
type Failure struct {
	Type    string
	Message string
	Details any
	// Permanent keeps the task's retry policy from trying again.
	Permanent bool
	cause     error
}

func (f *Failure) Error() string {
	if f.Type == "" {
		return f.Message
	}
	return f.Type + ": " + f.Message
}

// Unwrap returns what was given to [Permanent].
func (f *Failure) Unwrap() error { return f.cause }

// Permanent wraps an error so that the task's retry policy does not try again.
func Permanent(err error) error {
	var failure *Failure
	if errors.As(err, &failure) {
		permanent := *failure
		permanent.Permanent, permanent.cause = true, err
		return &permanent
	}
	return &Failure{Message: err.Error(), Permanent: true, cause: err}
}

// failureOf writes an error as the protocol does. Details that are no JSON are left out, and the message says so.
func failureOf(err error) *pb.AssignmentFailure {
	var failure *Failure
	if !errors.As(err, &failure) {
		return &pb.AssignmentFailure{Message: valid(err.Error())}
	}
	written := &pb.AssignmentFailure{
		Type: valid(failure.Type), Message: valid(failure.Message), Permanent: failure.Permanent,
	}
	if failure.Details != nil {
		details, fault := encode(failure.Details)
		if fault != nil {
			written.Message += " (its details are no JSON: " + valid(fault.Error()) + ")"
		}
		written.Details = details
	}
	return written
}

// outcomeOf says how a run ended, from what its handler returned.
func outcomeOf(ctx context.Context, token string, output []byte, err error) *pb.AssignmentResult {
	result := &pb.AssignmentResult{Token: token}
	var failure *Failure
	switch {
	case err == nil:
		result.Outcome = &pb.AssignmentResult_Success{
			Success: &pb.AssignmentSuccess{Output: output, Encoding: "json"},
		}
	case errors.Is(err, ErrDeferred):
		result.Outcome = &pb.AssignmentResult_Deferral{Deferral: &pb.AssignmentDeferral{}}
	case errors.Is(context.Cause(ctx), ErrCancelled) && !errors.As(err, &failure):
		result.Outcome = &pb.AssignmentResult_Cancellation{Cancellation: &pb.AssignmentCancellation{}}
	default:
		result.Outcome = &pb.AssignmentResult_Failure{Failure: failureOf(err)}
	}
	return result
}
