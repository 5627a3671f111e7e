package mistral

import (
	"time"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// write says what there is to say, as soon as there is something, until the stream ends or the worker has left. While a
// message is on its way, the next ones collect, so that many runs share one.
func (s *session) write() {
	heartbeat := time.NewTicker(s.heartbeat)
	defer heartbeat.Stop()
	progress := time.NewTimer(time.Hour)
	defer progress.Stop()
	for {
		again, ok := s.flush()
		if !ok {
			return
		}
		if again > 0 {
			progress.Reset(again)
		}
		select {
		case <-s.worker.wake:
		case <-progress.C:
		case <-heartbeat.C:
			if !s.beat() {
				return
			}
		case <-s.stream.Context().Done():
			return
		}
	}
}

// flush sends what has collected, and says whether the session goes on, and when to come again for progress.
func (s *session) flush() (again time.Duration, ok bool) {
	w := s.worker
	w.mu.Lock()
	messages, again := w.outbox.take(s.terms, time.Now())
	if more := w.ledger.more(); more > 0 {
		messages = append(messages, &pb.WorkRequest{
			Message: &pb.WorkRequest_Credits{Credits: &pb.WorkerCredits{More: int32(more)}},
		})
	}
	if w.ledger.draining && !s.drained {
		s.drained = true
		messages = append(messages, &pb.WorkRequest{Message: &pb.WorkRequest_Drain{Drain: &pb.WorkerDrain{}}})
	}
	settled := w.isSettled()
	w.mu.Unlock()
	for _, message := range messages {
		if !s.send(message) {
			return 0, false
		}
	}
	if settled {
		// What goes wrong with that, the reader hears.
		_ = s.stream.CloseSend()
		time.AfterFunc(farewell, func() { s.end(nil) })
		return 0, false
	}
	return again, true
}

// send says whether the stream still takes messages; if it does not, the reader hears why.
func (s *session) send(message *pb.WorkRequest) bool {
	if err := s.stream.Send(message); err != nil {
		return false
	}
	for _, result := range message.GetResults().GetResults() {
		s.worker.observeRun(EventSent, result.Token, nil)
	}
	return true
}

// beat renews the leases of all runs in hand.
func (s *session) beat() bool {
	s.worker.mu.Lock()
	tokens := s.worker.ledger.tokens()
	s.worker.mu.Unlock()
	for _, part := range chunks(tokens, s.terms.batch) {
		message := &pb.WorkRequest_Heartbeat{Heartbeat: &pb.WorkerHeartbeat{Tokens: part}}
		if !s.send(&pb.WorkRequest{Message: message}) {
			return false
		}
	}
	return true
}
