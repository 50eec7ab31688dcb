package password

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

const (
	scheme   = "pbkdf2-sha256"
	saltSize = 16
	// MinIterations and MaxIterations bound what a hash costs: less protects
	// nobody, more is a mistake and would lock the console.
	MinIterations, MaxIterations = 10_000, 10_000_000
	maxLength                    = 255 // of a password, in octets
)

// ErrHash is a text that is no hash.
var ErrHash = errors.New("this is no " + scheme + " hash")

// Hash is a password's hash: "pbkdf2-sha256$ITERATIONS$SALT$KEY", the last two
// in hexadecimal digits.
type Hash struct {
	iterations int
	salt       [saltSize]byte
	key        [hashSize]byte
}

// New makes the hash of a password.
func New(password string, salt [saltSize]byte, iterations int) Hash {
	return Hash{iterations, salt, derive([]byte(password), salt[:], iterations)}
}

// Parse reads a hash.
func Parse(s string) (h Hash, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 4 || parts[0] != scheme {
		return h, ErrHash
	}
	h.iterations, err = strconv.Atoi(parts[1])
	if err != nil || h.iterations < MinIterations || h.iterations > MaxIterations {
		return h, ErrHash
	}
	salt, saltErr := hex.DecodeString(parts[2])
	key, keyErr := hex.DecodeString(parts[3])
	if saltErr != nil || keyErr != nil || len(salt) != saltSize || len(key) != hashSize {
		return h, ErrHash
	}
	copy(h.salt[:], salt)
	copy(h.key[:], key)
	return h, nil
}

func (h Hash) String() string {
	return scheme + "$" + strconv.Itoa(h.iterations) + "$" + hex.EncodeToString(h.salt[:]) + "$" + hex.EncodeToString(h.key[:])
}

// Fits tells whether a password is the one. The time that it takes does not
// depend on how much of it is right.
func (h Hash) Fits(password string) bool {
	if len(password) > maxLength || h.iterations == 0 {
		return false
	}
	got := derive([]byte(password), h.salt[:], h.iterations)
	different := byte(0)
	for i := range got {
		different |= got[i] ^ h.key[i]
	}
	return different == 0
}

// derive is PBKDF2 for one block. The inner and the outer key of HMAC
// (RFC 2104) are taken in once: an iteration is two blocks of SHA-256.
func derive(password, salt []byte, iterations int) (key [hashSize]byte) {
	if len(password) > blockSize {
		sum := SHA256(password)
		password = sum[:]
	}
	inner, outer := initial, initial
	var in, out [blockSize]byte
	for i := range in {
		var c byte
		if i < len(password) {
			c = password[i]
		}
		in[i], out[i] = c^0x36, c^0x5c
	}
	inner.block(in[:])
	outer.block(out[:])
	hmac := func(message []byte) [hashSize]byte {
		sum := inner.end(message, blockSize+len(message))
		return outer.end(sum[:], blockSize+hashSize)
	}
	u := hmac(binary.BigEndian.AppendUint32(append([]byte(nil), salt...), 1))
	key = u
	for range iterations - 1 {
		u = hmac(u[:])
		for i := range key {
			key[i] ^= u[i]
		}
	}
	return key
}
