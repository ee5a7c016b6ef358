package spread

import "time"

const (
	defaultBudget = 8 << 20 // bytes a second
	budgetDepth   = 100 * time.Millisecond
)

// bucket is a token bucket. What is due is sent while anything is left, so it may fall below zero by one message.
type bucket struct {
	rate    float64 // bytes a second; 0: no limit
	depth   float64 // bytes
	left    float64
	spent   float64       // in all
	at      time.Duration // refilled
	blocked bool          // a stream waits for it
}

func newBucket(budget int) bucket {
	if budget < 0 {
		return bucket{}
	}
	if budget == 0 {
		budget = defaultBudget
	}
	rate := float64(budget)
	depth := float64(rate * budgetDepth.Seconds())
	return bucket{rate: rate, depth: depth, left: depth}
}

func (b *bucket) refill(now time.Duration) {
	if now > b.at {
		gained := float64(b.rate * (now - b.at).Seconds())
		b.left = min(b.left+gained, b.depth)
		b.at = now
		b.blocked = b.blocked && !b.open(streamReserve)
	}
}

// open reports whether more than a share of the depth is left.
func (b *bucket) open(reserve float64) bool { return b.rate == 0 || b.left > float64(reserve*b.depth) }

// openAt is when open will be true, if nothing is spent meanwhile.
func (b *bucket) openAt(reserve float64) time.Duration {
	if b.open(reserve) {
		return 0
	}
	missing := float64(reserve*b.depth) - b.left
	return b.at + time.Duration(float64(missing/b.rate)*float64(time.Second)) + time.Microsecond
}

func (b *bucket) spend(bytes int) {
	if b.rate > 0 {
		b.left -= float64(bytes)
		b.spent += float64(bytes)
	}
}
