//go:build arm || mips || mipsle

package path

import "unsafe"

// sum adds the octets of b, as 16-bit words, to acc. These processors load
// words from word boundaries alone, and the compiler makes four loads of one
// that it does not know to be aligned.
func sum(b []byte, acc uint64) uint64 {
	if len(b) < 16 {
		return sumOctets(b, acc)
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	if at&1 != 0 {
		return sumWide(b, acc) // rare: a header field of odd length before it
	}
	if at&2 != 0 {
		acc = sumOctets(b[:2], acc)
		b = b[2:]
	}
	words := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
	b = b[len(words)*4:]
	acc = acc>>32 + acc&0xffffffff // room for 2^31 words
	for len(words) >= 8 {
		w := (*[8]uint32)(words)
		acc += uint64(w[0])
		acc += uint64(w[1])
		acc += uint64(w[2])
		acc += uint64(w[3])
		acc += uint64(w[4])
		acc += uint64(w[5])
		acc += uint64(w[6])
		acc += uint64(w[7])
		words = words[8:]
	}
	for _, w := range words {
		acc += uint64(w)
	}
	return sumOctets(b, acc)
}
