package configs

import (
	"time"

	"dun/dialup/path"
	"dun/dialup/strict"
)

// FastPath is [fast-path] of device.toml: how packets are moved, and how much
// memory that may take. The zero value is what fits the machine.
type FastPath struct {
	NoOffload    bool          // take one packet at a time from the system, whatever it offers
	NoBatch      bool          // send, receive and encrypt packets one at a time
	BatchSize    int           // 0 = by the machine's memory
	SmallBuffers int           // 0 = by the machine's memory
	LargeBuffers int           // 0 = by the machine's memory
	Linger       time.Duration // 0 = the usual, negative = none
	Ordinary     bool          // the ordinary scheduling policy
	Loops        int           // of 'dun serve'; 0 = 1
	NoFilter     bool          // no socket filter between several loops
}

const (
	minSmall, maxSmall = 16, 16384 // 32 KiB, 32 MiB
	minLarge, maxLarge = 1, 256    // 64 KiB, 16 MiB
	minBatch           = 2
	maxLoops           = 64
	// buffersOfBatch is how many small buffers a packet of a batch takes: one
	// to be received into, one decrypted, one on its way out.
	buffersOfBatch = 3
)

func readFastPath(r *strict.Reader) FastPath {
	var f FastPath
	if on, ok := r.Bool("offload"); ok {
		f.NoOffload = !on
	}
	if on, ok := r.Bool("batch"); ok {
		f.NoBatch = !on
	}
	f.BatchSize, _ = r.Int("batch-size", minBatch, path.MaxBatch)
	f.SmallBuffers, _ = r.Int("small-buffers", minSmall, maxSmall)
	f.LargeBuffers, _ = r.Int("large-buffers", minLarge, maxLarge)
	if small := f.SmallBuffers; small > 0 && f.BatchSize > small/buffersOfBatch {
		r.Wrong("batch-size", "Choose a smaller batch, or more buffers.", "The batch takes %d times as many small-buffers, which are %d.", buffersOfBatch, small)
	}
	if d, ok := r.Duration("linger", 0, 100*time.Millisecond); ok {
		f.Linger = d
		if d == 0 {
			f.Linger = -1
		}
	}
	if i, ok := r.Choice("scheduling", "batch", "ordinary"); ok {
		f.Ordinary = i == 1
	}
	f.Loops, _ = r.Int("loops", 1, maxLoops)
	if on, ok := r.Bool("filter"); ok {
		f.NoFilter = !on
	}
	return f
}

// Loop is what a packet loop is made of on a machine with that much memory, in
// octets; 0 = unknown.
//
// What is not set follows the memory: the loop's buffers take about 200 KiB of
// 16 MiB, 640 KiB of 64 MiB, and 1.5 MiB of 256 MiB and more, and only those
// that are used count.
func (f FastPath) Loop(memory uint64) path.Config {
	c := path.Config{Linger: f.Linger, Ordinary: f.Ordinary}
	switch mib := memory >> 20; {
	case memory > 0 && mib < 32: // the system keeps some of it for itself: 16 MiB are 13
		c.Small, c.Large, c.Batch = 64, 1, 16
	case mib < 128: // unknown too
		c.Small, c.Large, c.Batch = path.DefaultSmall, path.DefaultLarge, path.DefaultBatch
	default:
		c.Small, c.Large, c.Batch = 512, 8, 2*path.DefaultBatch
	}
	if f.SmallBuffers > 0 {
		c.Small = f.SmallBuffers
		c.Batch = min(c.Batch, c.Small/buffersOfBatch)
	}
	if f.LargeBuffers > 0 {
		c.Large = f.LargeBuffers
	}
	if f.BatchSize > 0 {
		c.Batch = f.BatchSize
		c.Small = max(c.Small, c.Batch*buffersOfBatch)
	}
	if f.NoBatch {
		c.Batch = 1
	}
	return c
}
