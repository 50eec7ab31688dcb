package path

import "time"

// Config says how much memory a loop takes and how it moves packets. The zero
// Config suits a machine with 64 MiB.
type Config struct {
	// Small is how many buffers of SmallSize octets the loop has, each for
	// one frame of a link; 0 = DefaultSmall. The least is 4.
	Small int
	// Large is how many buffers of LargeSize octets it has, each for what
	// one read from an interface gives; 0 = DefaultLarge. The least is 1.
	Large int
	// Batch is how many frames move side by side: ciphered together, and
	// sent or received with one system call; 0 = DefaultBatch, 1 = one at a
	// time, each with system calls of its own. The most is MaxBatch.
	Batch int
	// Linger is how long after the latest packet the loop goes on to wait in
	// the way that is best under load (see waiter); 0 = DefaultLinger,
	// negative = never.
	Linger time.Duration
	// Ordinary leaves the loop's thread the scheduling policy of the others.
	// Otherwise it takes SCHED_BATCH: a packet that arrives does not
	// interrupt what runs, and more of them are there when the loop runs.
	Ordinary bool
}

// Sizes of buffers, octets, and defaults of Config.
const (
	SmallSize    = 2048
	LargeSize    = maxPacket
	DefaultSmall = 192
	DefaultLarge = 4
	DefaultBatch = 64
	MaxBatch     = 256
)

func (c *Config) setDefaults() {
	if c.Linger == 0 {
		c.Linger = DefaultLinger
	}
	for _, v := range []struct {
		of                 *int
		least, most, usual int
	}{
		{&c.Small, 4, 1 << 16, DefaultSmall},
		{&c.Large, 1, 1 << 12, DefaultLarge},
		{&c.Batch, 1, MaxBatch, DefaultBatch},
	} {
		if *v.of == 0 {
			*v.of = v.usual
		}
		*v.of = min(max(*v.of, v.least), v.most)
	}
}

// Batch is Config.Batch as it is in force.
func (l *Loop) Batch() int { return l.cfg.Batch }
