//go:build pathdebug

package path

import "sync/atomic"

// debug has buffers watched, and octets counted: build tag pathdebug.
const debug = true

// passed counts the octets of packets that user space went over.
var passed atomic.Uint64

// pass counts n octets that are read, or read and written, one after the other.
func pass(n int) { passed.Add(uint64(n)) }
