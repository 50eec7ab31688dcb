//go:build !pathdebug

package path

// debug has buffers watched, and octets counted: build tag pathdebug.
const debug = false

// pass counts nothing.
func pass(int) {}
