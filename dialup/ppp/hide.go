package ppp

import "encoding/binary"

// HidePassword gives a frame without a password that is in clear in it, in the
// same length: PAP's, also where LCP rejects it. A frame without one is given
// as it is, others as a copy. It takes any octets.
func HidePassword(frame []byte) (_ []byte, hidden bool) {
	proto, info, ok := ParseHeader(frame)
	if !ok {
		return frame, false
	}
	from := len(info)
	switch {
	case proto == ProtoPAP:
		from = papPassword(info)
	case proto == ProtoLCP && len(info) >= packetHeader+2 && info[0] == codeProtRej &&
		Protocol(binary.BigEndian.Uint16(info[packetHeader:])) == ProtoPAP:
		from = packetHeader + 2
		from += papPassword(info[from:])
	}
	if from >= len(info) {
		return frame, false
	}
	out := append([]byte(nil), frame...)
	secret := out[len(frame)-len(info)+from:]
	for i := range secret {
		secret[i] = '*'
	}
	return out, true
}

// papPassword is where a PAP packet's password begins: behind the name of a
// request and the octet that tells the password's length. In what is not
// understood all but the header may be one.
func papPassword(info []byte) int {
	p, ok := parsePacket(info)
	switch {
	case !ok:
		return min(packetHeader, len(info))
	case p.code == papAck || p.code == papNak:
		return len(info)
	case p.code == papRequest && len(p.data) > 0 && 2+int(p.data[0]) <= len(p.data):
		return packetHeader + 2 + int(p.data[0])
	}
	return packetHeader
}
