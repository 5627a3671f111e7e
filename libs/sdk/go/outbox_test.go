package mistral

import (
	"fmt"
	"testing"
	"time"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

var terms = limits{batch: 3, bytes: 1000}

func kinds(messages []*pb.WorkRequest) (names []string) {
	for _, message := range messages {
		switch part := message.Message.(type) {
		case *pb.WorkRequest_Acks:
			names = append(names, fmt.Sprintf("acks %d", len(part.Acks.Tokens)))
		case *pb.WorkRequest_Progress:
			names = append(names, fmt.Sprintf("progress %d", len(part.Progress.Progress)))
		case *pb.WorkRequest_Results:
			names = append(names, fmt.Sprintf("results %d", len(part.Results.Results)))
		}
	}
	return names
}

func expect(t *testing.T, messages []*pb.WorkRequest, want ...string) {
	t.Helper()
	if got := kinds(messages); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("messages are %v, not %v", got, want)
	}
}

func success(token string, size int) *pb.AssignmentResult {
	return outcomeOf(nil, token, make([]byte, size), nil)
}

func TestAcksProgressAndResultsGoInThatOrderAndOnce(t *testing.T) {
	box, now := newOutbox(), time.Now()
	box.results = append(box.results, success("a", 1))
	box.note(&pb.AssignmentProgress{Token: "a"})
	box.acks = []string{"a", "b", "c", "d"}
	messages, _ := box.take(terms, now)
	expect(t, messages, "acks 3", "acks 1", "progress 1", "results 1")
	messages, again := box.take(terms, now)
	if expect(t, messages); again != 0 {
		t.Errorf("look again after %v", again)
	}
}

func TestMessagesKeepToTheTerms(t *testing.T) {
	box := newOutbox()
	for index, size := range []int{10, 10, 10, 10, 600, 600, 5000, 10} {
		box.results = append(box.results, success(fmt.Sprint(index), size))
	}
	messages, _ := box.take(terms, time.Now())
	expect(t, messages, "results 3", "results 2", "results 1", "results 1", "results 1")
}

func TestProgressThatIsToldOftenIsSentSeldomAndWhole(t *testing.T) {
	box, now := newOutbox(), time.Now()
	ten, twenty := 10.0, 20.0
	box.note(&pb.AssignmentProgress{Token: "a", Percent: &ten, Details: []byte("1")})
	messages, _ := box.take(terms, now)
	expect(t, messages, "progress 1")
	box.note(&pb.AssignmentProgress{Token: "a", Lines: []*pb.LogLine{{Message: "one"}}})
	box.note(&pb.AssignmentProgress{Token: "a", Percent: &twenty, Lines: []*pb.LogLine{{Message: "two"}}})
	messages, again := box.take(terms, now.Add(progressEvery/4))
	if expect(t, messages); again != progressEvery*3/4 {
		t.Errorf("look again after %v", again)
	}
	messages, _ = box.take(terms, now.Add(progressEvery))
	expect(t, messages, "progress 1")
	told := messages[0].GetProgress().Progress[0]
	if *told.Percent != 20 || len(told.Lines) != 2 || told.Lines[0].Message != "one" || told.Details != nil {
		t.Errorf("told is %v", told)
	}
}

func TestOnlyTheLatestLinesAreKept(t *testing.T) {
	box := newOutbox()
	for number := range mostLines + 7 {
		box.note(&pb.AssignmentProgress{Token: "a", Lines: []*pb.LogLine{{Message: fmt.Sprint(number)}}})
	}
	if lines := box.progress["a"].Lines; len(lines) != mostLines || lines[0].Message != "7" {
		t.Errorf("%d lines from %s on", len(lines), lines[0].Message)
	}
}

func TestANewSessionSendsAllResultsAgainAndNoAcks(t *testing.T) {
	box := newOutbox()
	box.acks = []string{"a"}
	box.results = append(box.results, success("b", 1))
	box.reconnected([]*pb.AssignmentResult{success("b", 1), success("c", 1)})
	messages, _ := box.take(terms, time.Now())
	expect(t, messages, "results 2")
}

func TestTheProgressOfAForgottenRunIsNotSent(t *testing.T) {
	box := newOutbox()
	box.note(&pb.AssignmentProgress{Token: "a"})
	box.forget("a")
	messages, _ := box.take(terms, time.Now())
	expect(t, messages)
}
