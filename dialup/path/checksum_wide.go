//go:build !arm && !mips && !mipsle

package path

// sum adds the octets of b, as 16-bit words, to acc.
func sum(b []byte, acc uint64) uint64 { return sumWide(b, acc) }
