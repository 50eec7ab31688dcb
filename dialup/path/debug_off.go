//go:build !pathdebug

package path

// debug has buffers watched: build tag pathdebug.
const debug = false
