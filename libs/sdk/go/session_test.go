package mistral

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

func TestAWorkerSaysWhoItIsTakesARunAndAnswers(t *testing.T) {
	p := newPeer(t)
	w, _, _ := at(t, p, Options{Labels: map[string]string{"gpu": "yes"}, Queues: []string{"q"}})
	start(t, w)
	v := p.welcomed()
	said := v.hello.Worker
	if said.Id != "w" || said.Instance == "" || said.Slots != 2 || said.Labels["gpu"] != "yes" || said.Queues[0] != "q" {
		t.Errorf("it said %v", said)
	}
	if len(said.Actions) != 2 || said.Actions[0].Name != "echo" || !strings.Contains(said.Actions[0].InputSchema, "object") {
		t.Errorf("it offered %v", said.Actions)
	}
	if more := v.credits(); more != 2 {
		t.Errorf("it asked for %d", more)
	}
	v.assign("echo", "a")
	acks := v.until(func(m *pb.WorkRequest) bool { return m.GetAcks() != nil }).GetAcks().Tokens
	if result := v.result(); !slices.Equal(acks, []string{"a"}) || string(result.GetSuccess().Output) != `{"n":9007199254740993}` {
		t.Errorf("acks %v, result %v", acks, result)
	}
	if more := v.credits(); more != 1 {
		t.Errorf("then it asked for %d", more)
	}
}

func TestOneHeartbeatNamesAllThatIsInHand(t *testing.T) {
	p := newPeer(t)
	w, _, _ := at(t, p, Options{})
	start(t, w)
	v := p.welcomed()
	v.assign("go", "a", "b")
	beat := func(want ...string) func(*pb.WorkRequest) bool {
		return func(m *pb.WorkRequest) bool {
			return m.GetHeartbeat() != nil && slices.Equal(m.GetHeartbeat().Tokens, want)
		}
	}
	v.until(beat("a", "b"))
	v.assign("echo", "c")
	v.result()
	v.until(beat("a", "b", "c")) // finished, and not recorded yet
	v.record("c")
	v.until(beat("a", "b"))
}

func TestAResultIsKeptUntilItIsRecordedOverANewConnection(t *testing.T) {
	p := newPeer(t)
	w, begun, release := at(t, p, Options{})
	start(t, w)
	v := p.welcomed()
	v.assign("go", "a", "b")
	<-begun
	<-begun
	release <- nil
	first := v.result().Token
	v.end <- status.Error(codes.Unavailable, "lost")

	v = p.welcomed()
	held := map[string]bool{}
	for _, one := range v.hello.Held {
		held[one.Token] = one.Finished
	}
	if len(held) != 2 || !held[first] {
		t.Fatalf("held are %v", held)
	}
	if again := v.result(); again.Token != first {
		t.Errorf("it sent %v again", again)
	}
	if more := v.credits(); more != 1 {
		t.Errorf("it asked for %d beside the run that goes on", more)
	}
	v.record(first)
	release <- nil
	if second := v.result(); second.Token == first || second.GetSuccess() == nil {
		t.Errorf("the run that went on ended as %v", second)
	}
}

func TestARunThatEndsWhileNobodyIsThereIsToldLater(t *testing.T) {
	p := newPeer(t)
	w, begun, release := at(t, p, Options{})
	start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	v.end <- status.Error(codes.Unavailable, "lost")
	v = p.session()
	release <- nil
	v.welcome()
	if result := v.result(); result.Token != "a" || result.GetSuccess() == nil {
		t.Errorf("told was %v", result)
	}
}

func TestWhenTheServerLeavesTheWorkerConnectsAgainAtOnce(t *testing.T) {
	p := newPeer(t)
	w, begun, release := at(t, p, Options{})
	start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	v.say(&pb.WorkResponse{Message: &pb.WorkResponse_GoAway{GoAway: &pb.ServerGoAway{Reason: "an update"}}})
	v = p.welcomed()
	if len(v.hello.Held) != 1 || v.hello.Held[0].Token != "a" {
		t.Fatalf("held are %v", v.hello.Held)
	}
	release <- nil
	v.result()
}

func TestACancelledRunStopsAndSaysSo(t *testing.T) {
	p := newPeer(t)
	w, begun, _ := at(t, p, Options{})
	start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	v.say(&pb.WorkResponse{Message: &pb.WorkResponse_Cancels{Cancels: &pb.ServerCancels{
		Cancels: []*pb.CancelRequest{{Token: "a", Reason: "not needed"}, {Token: "unknown"}},
	}}})
	if result := v.result(); result.GetCancellation() == nil {
		t.Errorf("it ended as %v", result)
	}
}

func TestARejectedRunStopsAndItsResultIsNotSent(t *testing.T) {
	p := newPeer(t)
	stopped := make(chan error, 2)
	w, begun, _ := at(t, p, Options{Observe: func(event Event) {
		if event.Kind == EventFinished {
			stopped <- event.Err
		}
	}})
	start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	v.end <- status.Error(codes.Unavailable, "lost")
	v = p.welcomed(&pb.Rejection{Token: "a", Reason: pb.RejectionReason_REJECTION_REASON_LEASE_LOST, Message: "too late"})
	if err := <-stopped; !errors.Is(err, ErrLeaseLost) {
		t.Errorf("it was stopped by %v", err)
	}
	v.assign("echo", "b")
	if result := v.result(); result.Token != "b" {
		t.Errorf("it sent %v", result)
	}
}

func TestAWorkerThatLeavesEndsWhatItHasInHandFirst(t *testing.T) {
	p := newPeer(t)
	w, begun, release := at(t, p, Options{})
	r := start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	r.leave()
	v.until(func(m *pb.WorkRequest) bool { return m.GetDrain() != nil })
	release <- nil
	v.result()
	select {
	case err := <-r.ended:
		t.Fatalf("it left before its result was recorded: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	v.record("a")
	for range v.heard {
		// Closed once the worker has ended the stream.
	}
	v.end <- nil
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

func TestAWorkerThatLeavesWhileNobodyIsThereComesBackForItsResults(t *testing.T) {
	p := newPeer(t)
	w, begun, release := at(t, p, Options{})
	r := start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	v.end <- status.Error(codes.Unavailable, "lost")
	r.leave()
	release <- nil
	v = p.welcomed()
	v.result()
	v.record("a")
	v.end <- nil
	if err := r.wait(); err != nil {
		t.Error(err)
	}
}

func TestRunsThatDoNotEndInTimeAreLeft(t *testing.T) {
	p := newPeer(t)
	w, begun, _ := at(t, p, Options{DrainTimeout: 50 * time.Millisecond})
	r := start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	r.leave()
	if err := r.wait(); !errors.Is(err, ErrDrainTimeout) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAnotherProcessOfTheSameNameEndsTheWorker(t *testing.T) {
	p := newPeer(t)
	w, begun, _ := at(t, p, Options{})
	r := start(t, w)
	v := p.welcomed()
	v.assign("go", "a")
	<-begun
	v.end <- status.Error(codes.AlreadyExists, "another instance")
	if err := r.wait(); !errors.Is(err, ErrSuperseded) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAWorkerThatIsNotLetInSaysWhy(t *testing.T) {
	for _, code := range []codes.Code{codes.Unauthenticated, codes.PermissionDenied, codes.InvalidArgument} {
		p := newPeer(t)
		w, _, _ := at(t, p, Options{})
		r := start(t, w)
		p.session().end <- status.Error(code, "the reason")
		if err := r.wait(); status.Code(err) != code || !strings.Contains(err.Error(), "the reason") {
			t.Errorf("%v ended it with %v", code, err)
		}
	}
}

func TestATokenIsAskedForAtEveryConnection(t *testing.T) {
	p := newPeer(t)
	tokens := make(chan string, 2)
	tokens <- "one"
	tokens <- "two"
	token := func(context.Context) (string, error) { return <-tokens, nil }
	w, _, _ := at(t, p, Options{Connection: Connection{Token: token}})
	start(t, w)
	v := p.welcomed()
	if !slices.Equal(v.tokens, []string{"Bearer one"}) {
		t.Errorf("it sent %v", v.tokens)
	}
	v.end <- status.Error(codes.Unauthenticated, "it has run out")
	if v = p.welcomed(); !slices.Equal(v.tokens, []string{"Bearer two"}) {
		t.Errorf("then it sent %v", v.tokens)
	}
}

func TestADeadlineEndsTheContextOfARun(t *testing.T) {
	p := newPeer(t)
	w, _, _ := at(t, p, Options{})
	start(t, w)
	v := p.welcomed()
	v.say(&pb.WorkResponse{Message: &pb.WorkResponse_Assignments{Assignments: &pb.ServerAssignments{
		Assignments: []*pb.Assignment{{Token: "a", Action: "go", Deadline: timestamppb.New(time.Now().Add(50 * time.Millisecond))}},
	}}})
	if failure := v.result().GetFailure(); !strings.Contains(failure.GetMessage(), "deadline") {
		t.Errorf("it ended as %v", failure)
	}
}

func TestAResultBeyondTheTermsFailsForGood(t *testing.T) {
	p := newPeer(t)
	w, _, _ := at(t, p, Options{})
	Action(w, "long", func(Context, any) (string, error) { return strings.Repeat("x", 2000), nil })
	start(t, w)
	v := p.welcomed()
	v.assign("long", "a")
	if failure := v.result().GetFailure(); failure.GetType() != "ResultTooLarge" || !failure.GetPermanent() {
		t.Errorf("it ended as %v", failure)
	}
	v.assign("unknown", "b")
	if failure := v.result().GetFailure(); failure.GetType() != "UnknownAction" {
		t.Errorf("it ended as %v", failure)
	}
}
