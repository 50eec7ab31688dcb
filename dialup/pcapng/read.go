package pcapng

import (
	"errors"
	"io"
	"slices"
)

// ErrFormat is a stream that is none of ours.
var ErrFormat = errors.New("pcapng: this is no capture")

// maxBlock bounds what ReadBlock takes into memory.
const maxBlock = 1 << 20

// ReadBlock reads the next block, into the memory of buf where that is large
// enough. At the end of the stream the error is io.EOF; in the middle of a
// block it is io.ErrUnexpectedEOF.
func ReadBlock(r io.Reader, buf []byte) (block []byte, err error) {
	block = append(buf[:0], 0, 0, 0, 0, 0, 0, 0, 0)
	if _, err := io.ReadFull(r, block); err != nil {
		return nil, err
	}
	n := le.Uint32(block[4:])
	if n < 12 || n&3 != 0 || n > maxBlock {
		return nil, ErrFormat
	}
	block = slices.Grow(block, int(n)-8)[:n]
	if _, err := io.ReadFull(r, block[8:]); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if le.Uint32(block[n-4:]) != n {
		return nil, ErrFormat
	}
	return block, nil
}

// Kind is the type of a block.
func Kind(block []byte) uint32 { return le.Uint32(block) }

// Dropped is what a block of statistics says is not in the capture.
func Dropped(block []byte) (n uint64) {
	if Kind(block) != blockStatistics || len(block) < 24 {
		return 0
	}
	options := block[20 : len(block)-4]
	for len(options) >= 4 {
		code, length := le.Uint16(options), int(le.Uint16(options[2:]))
		next := 4 + (length+3)&^3
		if next > len(options) {
			break
		}
		if code == optDropped && length == 8 {
			n = le.Uint64(options[4:])
		}
		options = options[next:]
	}
	return n
}
