//go:build !amd64

package mppe

// lanes is how many packets are ciphered at once. One: the processors of small
// devices wait little for memory, and have no registers to spare.
const lanes = 1

// setKeys is setKey for every lane.
func setKeys(s *[lanes]state, keys *[lanes]key) {
	for k := range s {
		s[k].setKey(keys[k][:])
	}
}

// xorLanes is xorKeyStream for every lane.
func xorLanes(s *[lanes]state, dst, src *[lanes][]byte) {
	for k := range s {
		xorKeyStream(&s[k], dst[k], src[k])
	}
}
