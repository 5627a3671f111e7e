package mistral

import (
	"slices"
	"testing"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

func assigned(l *ledger, tokens ...string) {
	for _, token := range tokens {
		l.assign(Run{Token: token}, func(error) {})
	}
}

func ended(token string) *pb.AssignmentResult { return &pb.AssignmentResult{Token: token} }

func TestCreditsFillTheSlotsAndEachRunThatEndsGivesOneMore(t *testing.T) {
	l := newLedger(3)
	if more := l.more(); more != 3 {
		t.Fatalf("%d credits at first", more)
	}
	assigned(l, "a", "b")
	if more := l.more(); more != 0 {
		t.Fatalf("%d credits though two runs and a credit fill three slots", more)
	}
	l.finish(ended("a"))
	if more := l.more(); more != 1 {
		t.Fatalf("%d credits after one run", more)
	}
}

func TestASessionBeginsWithoutCreditsAndWhatRunsTakesSlots(t *testing.T) {
	l := newLedger(3)
	l.more()
	assigned(l, "a", "b")
	l.finish(ended("b"))
	l.disconnected()
	if more := l.more(); more != 2 {
		t.Fatalf("%d credits: a run takes one of three slots, a result that waits takes none", more)
	}
}

func TestARejectedRunTakesItsSlotUntilItsHandlerEnds(t *testing.T) {
	l := newLedger(1)
	l.more()
	assigned(l, "a")
	l.forget("a")
	if more := l.more(); more != 0 || l.idle() {
		t.Fatal("the slot of a handler that still runs was given away")
	}
	if l.finish(ended("a")) {
		t.Error("the result of a rejected run is wanted")
	}
	if more := l.more(); more != 1 || !l.idle() {
		t.Fatal("the slot did not come back")
	}
}

func TestARunThatComesTwiceIsBegunOnce(t *testing.T) {
	l := newLedger(5)
	l.more()
	if !l.assign(Run{Token: "a"}, nil) || l.assign(Run{Token: "a"}, nil) {
		t.Fatal("begun twice")
	}
	if more := l.more(); more != 1 {
		t.Fatalf("%d credits: the second coming has used one up", more)
	}
}

func TestWhatIsHeldIsNamedUntilItIsRecorded(t *testing.T) {
	l := newLedger(5)
	assigned(l, "c", "a", "b")
	l.finish(ended("a"))
	if tokens := l.tokens(); !slices.Equal(tokens, []string{"c", "a", "b"}) {
		t.Fatalf("tokens are %v", tokens)
	}
	held := l.held()
	if len(held) != 3 || held[0].Finished || !held[1].Finished {
		t.Fatalf("held are %v", held)
	}
	if results := l.unrecorded(); len(results) != 1 || results[0].Token != "a" {
		t.Fatalf("unrecorded are %v", results)
	}
	if l.forget("a") == nil || len(l.unrecorded()) != 0 || l.forget("a") != nil {
		t.Fatal("a recorded result is still kept")
	}
}

func TestALeavingWorkerAsksForNothing(t *testing.T) {
	l := newLedger(5)
	l.draining = true
	if l.more() != 0 {
		t.Fatal("it asked for more")
	}
}
