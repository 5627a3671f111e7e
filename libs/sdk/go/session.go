package mistral

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

const (
	welcomeTimeout = 15 * time.Second
	// settledAfter is how long a session must last for the next attempts to begin without delay again.
	settledAfter = time.Second
	// farewell is how long the server has to end a stream that the worker has closed.
	farewell = 5 * time.Second

	// leaseParts says how often at least the worker tries to connect within a lease.
	leaseParts = 10

	defaultHeartbeat = 3 * time.Second
	defaultBatch     = 100
)

// errGoAway ends a session whose server is about to leave.
var errGoAway = errors.New("mistral: the server is about to leave")

// session is one stream to a server.
type session struct {
	worker    *Worker
	stream    pb.WorkerService_WorkClient
	end       context.CancelCauseFunc
	name      string
	began     time.Time
	terms     limits
	heartbeat time.Duration
	// drained is whether the server knows that the worker is leaving.
	drained bool
}

// stay holds one session after the other until the worker has left, its life ends, or it cannot work.
func (w *Worker) stay(life context.Context, connection *grpc.ClientConn) error {
	client, back, welcomed := pb.NewWorkerServiceClient(connection), newBackoff(), false
	for !w.isSettled() {
		s, err := w.connect(life, client)
		if err == nil {
			welcomed = true
			err = s.talk()
			if time.Since(s.began) > settledAfter {
				back.reset()
			}
		}
		w.mu.Lock()
		w.ledger.disconnected()
		w.mu.Unlock()
		switch {
		case w.isSettled() || errors.Is(err, errGoAway):
			continue
		case life.Err() != nil:
			w.stopAll(context.Cause(life))
			return context.Cause(life)
		}
		if fault := w.fatal(err, welcomed); fault != nil {
			return fault
		}
		w.rest(life, w.hurried(back.next()), err)
		connection.ResetConnectBackoff()
	}
	w.log.Info("left")
	return nil
}

// hurried shortens a wait while there are runs in hand, whose leases run on.
func (w *Worker) hurried(span time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ledger.idle() || w.lease <= 0 {
		return span
	}
	return min(span, w.lease/leaseParts)
}

// rest waits before the next attempt, unless there is nothing left to connect for.
func (w *Worker) rest(life context.Context, span time.Duration, err error) {
	w.log.Warn("not connected", "error", status.Convert(err).Message(), "again_in", span)
	waiting, done := context.WithTimeout(life, span)
	defer done()
	select {
	case <-w.settled:
	case <-waiting.Done():
	}
}

// fatal returns the error that ends the worker, if it is of no use to connect again.
func (w *Worker) fatal(err error, welcomed bool) error {
	switch code := status.Code(err); code {
	case codes.AlreadyExists:
		w.stopAll(ErrSuperseded)
		return ErrSuperseded
	case codes.InvalidArgument, codes.Unimplemented, codes.PermissionDenied:
	case codes.Unauthenticated:
		// Later on it may be that a token is just being renewed.
		if welcomed {
			return nil
		}
	default:
		return nil
	}
	w.stopAll(ErrLeaseLost)
	return fmt.Errorf("mistral: the mesh does not take this worker: %w", err)
}

func (w *Worker) stopAll(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, run := range w.ledger.runs {
		run.stop(cause)
	}
}

// connect opens a stream and says hello; it returns once the server has said welcome.
func (w *Worker) connect(life context.Context, client pb.WorkerServiceClient) (*session, error) {
	ctx, end := context.WithCancelCause(life)
	late := time.AfterFunc(welcomeTimeout, func() { end(errors.New("mistral: the server said no welcome")) })
	defer late.Stop()
	stream, err := client.Work(ctx)
	if err != nil {
		end(nil)
		return nil, err
	}
	w.mu.Lock()
	hello := &pb.WorkerHello{Worker: w.description(), Held: w.ledger.held()}
	w.mu.Unlock()
	// What is wrong with the stream is said by Recv.
	_ = stream.Send(&pb.WorkRequest{Message: &pb.WorkRequest_Hello{Hello: hello}})
	answer, err := stream.Recv()
	if err == nil && answer.GetWelcome() == nil {
		err = errors.New("mistral: the server's first answer was no welcome")
	}
	if err != nil {
		end(nil)
		return nil, err
	}
	s := &session{worker: w, stream: stream, end: end, began: time.Now(), heartbeat: defaultHeartbeat}
	s.welcome(answer.GetWelcome())
	return s, nil
}

func (s *session) welcome(welcome *pb.ServerWelcome) {
	w, terms := s.worker, welcome.Terms
	s.name = welcome.Session
	s.terms = limits{batch: int(terms.GetLargestBatch()), bytes: int(terms.GetLargestPayloadBytes())}
	if s.terms.batch < 1 {
		s.terms.batch = defaultBatch
	}
	if s.terms.bytes < 1 {
		s.terms.bytes = largestUnlessTold
	}
	w.bytes.Store(int64(s.terms.bytes))
	if every := terms.GetHeartbeatInterval().AsDuration(); every > 0 {
		s.heartbeat = every
	}
	w.rejected(welcome.Rejections)
	w.mu.Lock()
	w.lease = terms.GetLease().AsDuration()
	w.outbox.reconnected(w.ledger.unrecorded())
	w.mu.Unlock()
	w.log.Info("connected", "session", s.name, "executor", welcome.Executor, "resumed", len(welcome.Resumed))
	w.observe(Event{Kind: EventConnected, Session: s.name})
	w.rouse()
}

// talk reads and writes until the stream ends, and returns why.
func (s *session) talk() error {
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		s.write()
	}()
	err := s.read()
	s.end(nil)
	<-wrote
	s.worker.observe(Event{Kind: EventDisconnected, Session: s.name, Err: err})
	return err
}
