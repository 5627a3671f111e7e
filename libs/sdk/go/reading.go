package mistral

import (
	"context"
	"fmt"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// read does what the server says until the stream ends or the server leaves, and returns why.
func (s *session) read() error {
	for {
		answer, err := s.stream.Recv()
		if err != nil {
			return err
		}
		switch message := answer.Message.(type) {
		case *pb.WorkResponse_Assignments:
			for _, assignment := range message.Assignments.Assignments {
				s.worker.assigned(assignment)
			}
			s.worker.rouse()
		case *pb.WorkResponse_Recorded:
			s.worker.recorded(message.Recorded.Tokens)
		case *pb.WorkResponse_Cancels:
			s.worker.cancelled(message.Cancels.Cancels)
		case *pb.WorkResponse_Rejections:
			s.worker.rejected(message.Rejections.Rejections)
		case *pb.WorkResponse_GoAway:
			s.worker.log.Info("the server is about to leave", "reason", message.GoAway.Reason)
			return errGoAway
		}
	}
}

// assigned acknowledges a run and begins it. One that is in hand already is only acknowledged, or answered, again.
func (w *Worker) assigned(assignment *pb.Assignment) {
	ctx, stop := context.WithCancelCause(context.Background())
	done := context.CancelFunc(func() {})
	if assignment.Deadline != nil {
		ctx, done = context.WithDeadline(ctx, assignment.Deadline.AsTime())
	}
	run := newRunContext(ctx, assignment, w.log, w.tell)
	w.observe(Event{Kind: EventAssigned, Run: run.run, input: assignment.Input})
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isSettled() {
		// It was on its way when the worker said that it leaves: never acknowledged, it goes to somebody else.
		done()
		stop(nil)
		return
	}
	w.outbox.acks = append(w.outbox.acks, assignment.Token)
	if w.ledger.assign(run.run, stop) {
		go w.execute(run, assignment.Input, func() { done(); stop(nil) })
		return
	}
	done()
	stop(nil)
	if known := w.ledger.runs[assignment.Token]; known.result != nil {
		w.outbox.results = append(w.outbox.results, known.result)
	}
}

// execute runs a handler and puts its result into the outbox.
func (w *Worker) execute(run *runContext, input []byte, done func()) {
	defer done()
	var output []byte
	var err error
	if offered, known := w.actions[run.run.Action]; known {
		output, err = w.perform(run, offered, input)
	} else {
		err = &Failure{Type: "UnknownAction", Message: fmt.Sprintf("this worker does not offer %q", run.run.Action)}
	}
	result := outcomeOf(run, run.run.Token, output, err)
	w.observe(Event{Kind: EventFinished, Run: run.run, Err: err})
	w.mu.Lock()
	if w.ledger.finish(result) {
		w.outbox.results = append(w.outbox.results, result)
	}
	w.settle()
	w.mu.Unlock()
	w.rouse()
}

// tell takes what a run says of its progress, unless the run is not in hand any more.
func (w *Worker) tell(news *pb.AssignmentProgress) {
	w.mu.Lock()
	if run, known := w.ledger.runs[news.Token]; known && run.result == nil {
		w.outbox.note(news)
	}
	w.mu.Unlock()
	w.rouse()
}

func (w *Worker) recorded(tokens []string) {
	for _, token := range tokens {
		if run := w.forget(token); run != nil {
			w.observe(Event{Kind: EventRecorded, Run: run.run})
		}
	}
	w.rouse()
}

func (w *Worker) rejected(rejections []*pb.Rejection) {
	for _, rejection := range rejections {
		run := w.forget(rejection.Token)
		if run == nil {
			continue
		}
		w.log.Warn("a run is not ours any more", "action", run.run.Action,
			"action_execution_id", run.run.ActionExecutionID, "reason", rejection.Reason.String())
		cause := ErrLeaseLost
		if rejection.Reason == pb.RejectionReason_REJECTION_REASON_CLOSED {
			cause = ErrCancelled
		}
		run.stop(cause)
		w.observe(Event{Kind: EventRejected, Run: run.run, Err: fmt.Errorf("%w: %s", cause, rejection.Message)})
	}
	w.rouse()
}

func (w *Worker) cancelled(cancels []*pb.CancelRequest) {
	for _, cancel := range cancels {
		w.mu.Lock()
		run := w.ledger.runs[cancel.Token]
		w.mu.Unlock()
		if run != nil {
			run.stop(ErrCancelled)
			w.observe(Event{Kind: EventCancelled, Run: run.run, Err: fmt.Errorf("%w: %s", ErrCancelled, cancel.Reason)})
		}
	}
}

// forget ends the account of a run.
func (w *Worker) forget(token string) *entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outbox.forget(token)
	run := w.ledger.forget(token)
	w.settle()
	return run
}

func (w *Worker) observeRun(kind EventKind, token string, err error) {
	if w.options.Observe == nil {
		return
	}
	w.mu.Lock()
	run := w.ledger.runs[token]
	w.mu.Unlock()
	if run != nil {
		w.observe(Event{Kind: kind, Run: run.run, Err: err})
	}
}
