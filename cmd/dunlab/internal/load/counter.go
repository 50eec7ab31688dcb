package load

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Counter is a number in a file that processes share.
type Counter struct {
	mapped []byte
	value  *atomic.Uint64
}

const counterSize = 8

// OpenCounter maps the counter in the file at path, which it makes when
// there is none.
func OpenCounter(path string) (*Counter, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Truncate(counterSize); err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, counterSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping %s: %w", path, err)
	}
	return &Counter{b, (*atomic.Uint64)(unsafe.Pointer(&b[0]))}, nil
}

// Add counts n more.
func (c *Counter) Add(n int) { c.value.Add(uint64(n)) }

// Value is the count so far.
func (c *Counter) Value() uint64 { return c.value.Load() }

// Close unmaps the counter; the file stays.
func (c *Counter) Close() error { return unix.Munmap(c.mapped) }
