package mschap

import "dun/dialup/ppp/digest"

// The constants of RFC 3079 section 3.4.
const (
	masterMagic = "This is the MPPE Master Key"
	magic2      = "On the client side, this is the send key; on the server side, it is the receive key."
	magic3      = "On the client side, this is the receive key; on the server side, it is the send key."
)

// MasterKeyV2 is GetMasterKey of RFC 3079 section 3.4, HashNtPasswordHash
// included: the key from which MS-CHAPv2 derives both directions.
func MasterKeyV2(ntHash [16]byte, ntResponse [24]byte) (master [16]byte) {
	hashHash := hashNTHash(ntHash)
	sum := digest.SHA1(hashHash[:], ntResponse[:], []byte(masterMagic))
	return [16]byte(sum[:16])
}

// StartKeysV2 is GetAsymmetricStartKey of RFC 3079 section 3.4 for both
// directions. server means that we are the authenticator, whoever called whom.
// For 128 bit all 16 octets are the key; for any other bits only the first 8
// are, and the rest is zero (sections 3.1 to 3.3). The reduction to 40 or 56
// bits is not done yet: that comes after the first key change (section 3.1).
func StartKeysV2(master [16]byte, bits int, server bool) (send, receive [16]byte) {
	send, receive = startKey(master, magic2, bits), startKey(master, magic3, bits)
	if server {
		send, receive = receive, send
	}
	return send, receive
}

func startKey(master [16]byte, magic string, bits int) (key [16]byte) {
	var pad1, pad2 [40]byte // SHSpad1 and SHSpad2
	for i := range pad2 {
		pad2[i] = 0xf2
	}
	sum := digest.SHA1(master[:], pad1[:], []byte(magic), pad2[:])
	if bits == 128 {
		copy(key[:], sum[:16])
	} else {
		copy(key[:], sum[:8])
	}
	return key
}

// StartKeysV1 is Get_Start_Key of RFC 3079 section 2.4 for MPPE of 128 bit
// after MS-CHAP (section 2.3): one key for both directions. challenge is that
// of the first authentication of the session. The 40 and 56 bit keys come from
// the LAN Manager hash, which an NT hash cannot give.
func StartKeysV1(ntHash [16]byte, challenge [8]byte) (send, receive [16]byte) {
	hashHash := hashNTHash(ntHash)
	sum := digest.SHA1(hashHash[:], hashHash[:], challenge[:])
	copy(send[:], sum[:])
	return send, send
}
