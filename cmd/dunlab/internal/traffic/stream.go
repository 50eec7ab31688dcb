package traffic

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"math/rand/v2"
)

// Stream is the first size octets of the pseudo-random stream that belongs
// to seed. Equal seeds give equal octets on every machine.
func Stream(seed uint64, size int64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	copy(key[8:], "dun laboratory stream 1.")
	return io.LimitReader(rand.NewChaCha8(key), size)
}

// Sum is the SHA-256 of Stream(seed, size) in hexadecimal.
func Sum(seed uint64, size int64) string {
	h := sha256.New()
	io.Copy(h, Stream(seed, size)) // neither end can fail
	return hexSum(h)
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
