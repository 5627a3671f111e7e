package mistral

import (
	"slices"

	pb "mistral-mesh/sdk/mistral/gen/mistral/v1"
)

// ledger keeps account of runs and credits. It does nothing itself and is not safe for concurrent use.
//
// A run is in hand from its assignment until its result is recorded or rejected. It takes a slot until its handler has
// ended, even if it was rejected before.
type ledger struct {
	slots    int
	draining bool
	// credits are what the server may still use in this session.
	credits int
	active  int
	runs    map[string]*entry
	count   int
}

// entry is a run in hand.
type entry struct {
	number int
	run    Run
	result *pb.AssignmentResult
	stop   func(cause error)
}

func newLedger(slots int) *ledger {
	return &ledger{slots: slots, runs: map[string]*entry{}}
}

// assign notes a run and says whether it is new; one that is in hand already is not to be begun again.
func (l *ledger) assign(run Run, stop func(cause error)) bool {
	l.credits = max(0, l.credits-1)
	if _, known := l.runs[run.Token]; known {
		return false
	}
	l.count++
	l.active++
	l.runs[run.Token] = &entry{number: l.count, run: run, stop: stop}
	return true
}

// finish notes that a handler has ended, and says whether its result is wanted.
func (l *ledger) finish(result *pb.AssignmentResult) bool {
	l.active--
	run, known := l.runs[result.Token]
	if known {
		run.result = result
	}
	return known
}

// forget ends the account of a run whose result is recorded or not wanted, and returns it; nil if it is not known.
func (l *ledger) forget(token string) *entry {
	run := l.runs[token]
	delete(l.runs, token)
	return run
}

// disconnected voids the credits, as every session begins without any.
func (l *ledger) disconnected() { l.credits = 0 }

// more returns how many credits to ask for, and counts them as given.
func (l *ledger) more() int {
	if l.draining {
		return 0
	}
	wanted := max(0, l.slots-l.active-l.credits)
	l.credits += wanted
	return wanted
}

// tokens returns those of all runs in hand, the oldest first.
func (l *ledger) tokens() []string {
	tokens := make([]string, 0, len(l.runs))
	for token := range l.runs {
		tokens = append(tokens, token)
	}
	slices.SortFunc(tokens, func(a, b string) int { return l.runs[a].number - l.runs[b].number })
	return tokens
}

// held returns what to tell a server of runs in hand.
func (l *ledger) held() []*pb.HeldAssignment {
	var held []*pb.HeldAssignment
	for _, token := range l.tokens() {
		held = append(held, &pb.HeldAssignment{Token: token, Finished: l.runs[token].result != nil})
	}
	return held
}

// unrecorded returns the results that are not known to be safe.
func (l *ledger) unrecorded() []*pb.AssignmentResult {
	var results []*pb.AssignmentResult
	for _, token := range l.tokens() {
		if result := l.runs[token].result; result != nil {
			results = append(results, result)
		}
	}
	return results
}

// idle says whether nothing is in hand and no handler runs.
func (l *ledger) idle() bool { return len(l.runs) == 0 && l.active == 0 }
