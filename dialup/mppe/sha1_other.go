//go:build !mips && !mipsle

package mppe

import "crypto/sha1"

// sumPadded is SHA-1 of the first length octets of what padded ends two blocks.
func sumPadded(input *[2 * blockLen]byte, length int) [sumLen]byte {
	return sha1.Sum(input[:length])
}
