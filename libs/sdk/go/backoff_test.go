package mistral

import (
	"testing"
	"time"
)

func TestWaitsGrowToAMostAndBeginAnewAfterAReset(t *testing.T) {
	back := &backoff{first: 100 * time.Millisecond, most: time.Second, chance: func() float64 { return 0 }}
	var spans []time.Duration
	for range 6 {
		spans = append(spans, back.next())
	}
	want := []time.Duration{100, 200, 400, 800, 1000, 1000}
	for index, span := range spans {
		if span != want[index]*time.Millisecond {
			t.Errorf("wait %d is %v, not %v ms", index, span, want[index])
		}
	}
	if back.reset(); back.next() != 100*time.Millisecond {
		t.Error("a reset did not begin anew")
	}
}

func TestChanceTakesAwayHalfOfAWaitAtMost(t *testing.T) {
	back := &backoff{first: time.Second, most: time.Second, chance: func() float64 { return 0.999999 }}
	if span := back.next(); span < 500*time.Millisecond || span > 501*time.Millisecond {
		t.Errorf("the shortest wait is %v", span)
	}
}

func TestEvenTheThousandthAttemptWaits(t *testing.T) {
	back := newBackoff()
	back.attempt = 1000
	if span := back.next(); span < back.most/2 || span > back.most {
		t.Errorf("it waits %v", span)
	}
}
