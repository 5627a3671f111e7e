package mistral

import (
	"context"
	"time"
)

// backoff says how long to wait before the next attempt: twice as long each time, and by chance up to half of it less,
// so that workers that lost a server together do not come back together.
type backoff struct {
	first, most time.Duration
	// chance is from 0 up to 1.
	chance  func() float64
	attempt int
}

func (b *backoff) next() time.Duration {
	span := b.most
	if shift := b.attempt; shift < 30 && b.first<<shift < b.most {
		span = b.first << shift
	}
	b.attempt++
	return span - time.Duration(b.chance()*float64(span)/2)
}

func (b *backoff) reset() { b.attempt = 0 }

// pause waits, or until the context ends; it says whether the time was up.
func pause(ctx context.Context, span time.Duration) bool {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
