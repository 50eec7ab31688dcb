package ppp

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
)

// Bounds of what Format writes: a whole line, and octets or characters of one
// field in it.
const (
	maxFormat = 1024
	maxField  = 128
)

// Format writes a frame the way pppd's debug option does, whose output
// technicians know: "[LCP ConfReq id=0x1 <mru 1400> <magic 0x2d0f01>]".
// Passwords are hidden, what is not printable is escaped, and long frames are
// cut. It takes any octets.
func Format(frame []byte) string {
	proto, info, ok := ParseHeader(frame)
	if !ok {
		return string(hexField([]byte("[short frame]"), frame))
	}
	var b []byte
	switch proto {
	case ProtoLCP:
		b = formatControl(b, "LCP", info, formatLCP, lcpOptionText)
	case ProtoIPCP:
		b = formatControl(b, "IPCP", info, nil, ipcpOptionText)
	case ProtoIPV6CP:
		b = formatControl(b, "IPV6CP", info, nil, ipv6cpOptionText)
	case ProtoCCP:
		b = formatControl(b, "CCP", info, nil, ccpOptionText)
	case ProtoPAP:
		b = formatPlain(b, "PAP", papNames[:], info, formatPAP)
	case ProtoCHAP:
		b = formatPlain(b, "CHAP", chapNames[:], info, formatCHAP)
	default:
		b = fmt.Appendf(b, "[proto=0x%x]", uint16(proto))
		b = hexField(b, info)
	}
	if len(b) > maxFormat {
		b = append(b[:maxFormat-4], "...]"...)
	}
	return string(b)
}

// codeNames are pppd's names of the codes of control protocols.
var codeNames = [...]string{
	codeConfReq: "ConfReq", codeConfAck: "ConfAck", codeConfNak: "ConfNak", codeConfRej: "ConfRej",
	codeTermReq: "TermReq", codeTermAck: "TermAck", codeCodeRej: "CodeRej", codeProtRej: "ProtRej",
	codeEchoReq: "EchoReq", codeEchoReply: "EchoRep", codeDiscard: "DiscReq", codeIdent: "Ident",
	codeTimeLeft: "TimeRem", codeResetReq: "ResetReq", codeResetAck: "ResetAck",
}

var (
	papNames  = [...]string{papRequest: "AuthReq", papAck: "AuthAck", papNak: "AuthNak"}
	chapNames = [...]string{chapChallenge: "Challenge", chapResponse: "Response", chapSuccess: "Success", chapFailure: "Failure"}
)

// formatHeader opens the bracket: protocol, code, identifier.
func formatHeader(b []byte, proto, code string, p packet) []byte {
	if code == "" {
		code = fmt.Sprintf("code=0x%x", p.code)
	}
	return fmt.Appendf(b, "[%s %s id=0x%x", proto, code, p.id)
}

// formatControl writes a packet of a protocol with option negotiation; body
// writes what the protocol alone knows and reports whether it did.
func formatControl(b []byte, proto string, info []byte, body func([]byte, packet) ([]byte, bool), text func([]byte, option) ([]byte, bool)) []byte {
	p, ok := parsePacket(info)
	if !ok {
		return append(hexField(append(append(b, '['), proto+" malformed"...), info), ']')
	}
	name := ""
	if int(p.code) < len(codeNames) {
		name = codeNames[p.code]
	}
	b = formatHeader(b, proto, name, p)
	switch p.code {
	case codeConfReq, codeConfAck, codeConfNak, codeConfRej:
		b = formatOptions(b, p.data, text)
	case codeTermReq, codeTermAck:
		if len(p.data) > 0 {
			b = quoteField(append(b, ' '), p.data)
		}
	default:
		done := false
		if body != nil {
			b, done = body(b, p)
		}
		if !done {
			b = hexField(b, p.data)
		}
	}
	return append(b, ']')
}

func formatOptions(b, data []byte, text func([]byte, option) ([]byte, bool)) []byte {
	for len(data) > 0 && len(b) < maxFormat {
		if len(data) < optionHeader || int(data[1]) < optionHeader || int(data[1]) > len(data) {
			return append(hexField(append(b, " <malformed"...), data), '>')
		}
		o := option{kind: data[0], data: data[optionHeader:data[1]]}
		b = append(b, ' ', '<')
		n := len(b)
		var ok bool
		if b, ok = text(b, o); !ok {
			b = hexField(b[:n], data[:data[1]]) // as pppd does: "< 11 04 05 f4>"
		}
		b = append(b, '>')
		data = data[data[1]:]
	}
	return b
}

// formatLCP writes codes 8 and up.
func formatLCP(b []byte, p packet) ([]byte, bool) {
	switch p.code {
	case codeProtRej:
		if len(p.data) >= 2 && Protocol(binary.BigEndian.Uint16(p.data)) == ProtoPAP {
			return append(b, " c0 23 <hidden>"...), true // a password may come back in it
		}
		return b, false
	case codeEchoReq, codeEchoReply, codeDiscard, codeIdent, codeTimeLeft:
		if len(p.data) < 4 {
			return b, false
		}
		b = fmt.Appendf(b, " magic=0x%x", binary.BigEndian.Uint32(p.data))
		rest := p.data[4:]
		switch {
		case p.code == codeIdent:
			return quoteField(append(b, ' '), rest), true
		case p.code == codeTimeLeft && len(rest) >= 4:
			b = fmt.Appendf(b, " seconds=%d", binary.BigEndian.Uint32(rest))
			rest = rest[4:]
			fallthrough
		default:
			return hexField(b, rest), true
		}
	}
	return b, false
}

func lcpOptionText(b []byte, o option) ([]byte, bool) {
	v16, is16 := uint16Option(o)
	v32, is32 := uint32Option(o)
	switch {
	case o.kind == lcpMRU && is16:
		return fmt.Appendf(b, "mru %d", v16), true
	case o.kind == lcpACCM && is32:
		return fmt.Appendf(b, "asyncmap 0x%x", v32), true
	case o.kind == lcpMagic && is32:
		return fmt.Appendf(b, "magic 0x%x", v32), true
	case o.kind == lcpPFC && len(o.data) == 0:
		return append(b, "pcomp"...), true
	case o.kind == lcpACFC && len(o.data) == 0:
		return append(b, "accomp"...), true
	case o.kind == 17 && is16: // RFC 1990 section 5.1.1
		return fmt.Appendf(b, "mrru %d", v16), true
	case o.kind == 13 && len(o.data) == 1 && o.data[0] == 6: // RFC 1570 section 2.3
		return append(b, "callback CBCP"...), true
	case o.kind == lcpAuth && len(o.data) >= 2:
		switch parseAuthOption(o.data) {
		case AuthPAP:
			return append(b, "auth pap"...), true
		case AuthCHAPMD5:
			return append(b, "auth chap MD5"...), true
		case AuthMSCHAP:
			return append(b, "auth chap MS"...), true
		case AuthMSCHAPv2:
			return append(b, "auth chap MS-v2"...), true
		}
		if v := binary.BigEndian.Uint16(o.data); v == 0xc227 {
			return append(b, "auth eap"...), true
		}
		return hexField(append(b, "auth"...), o.data), true
	}
	return b, false
}

func ipcpOptionText(b []byte, o option) ([]byte, bool) {
	names := map[uint8]string{ipcpAddress: "addr", ipcpDNS1: "ms-dns1", ipcpDNS2: "ms-dns2", ipcpNBNS1: "ms-wins1", ipcpNBNS2: "ms-wins2"}
	if a, ok := addrOption(o); ok && names[o.kind] != "" {
		return fmt.Appendf(b, "%s %s", names[o.kind], a), true
	}
	switch {
	case o.kind == 1 && len(o.data) == 8: // IP-Addresses, RFC 1172
		return fmt.Appendf(b, "addrs %s %s", netip.AddrFrom4([4]byte(o.data)), netip.AddrFrom4([4]byte(o.data[4:]))), true
	case o.kind == 2 && len(o.data) >= 2: // RFC 1332 section 3.2
		if binary.BigEndian.Uint16(o.data) == 0x002d {
			return hexField(append(b, "compress VJ"...), o.data[2:]), true
		}
		return hexField(append(b, "compress"...), o.data), true
	}
	return b, false
}

func ipv6cpOptionText(b []byte, o option) ([]byte, bool) {
	if o.kind != ipv6cpID || len(o.data) != 8 {
		return b, false
	}
	a := [16]byte{0: 0xfe, 1: 0x80}
	copy(a[8:], o.data)
	return fmt.Appendf(b, "addr %s", netip.AddrFrom16(a)), true
}

func ccpOptionText(b []byte, o option) ([]byte, bool) {
	v, ok := uint32Option(o)
	if o.kind != ccpMPPE || !ok {
		return b, false
	}
	b = append(b, "mppe"...)
	for _, f := range []struct {
		bit  uint32
		name byte
	}{{mppeH, 'H'}, {mppeM, 'M'}, {mppeS, 'S'}, {mppeL, 'L'}, {0x10, 'D'}, {0x01, 'C'}} {
		sign := byte('-')
		if v&f.bit != 0 {
			sign = '+'
		}
		b = append(b, ' ', sign, f.name)
	}
	if rest := v &^ (mppeH | mppeKeyBits | 0x11); rest != 0 {
		b = fmt.Appendf(b, " 0x%x", rest)
	}
	return b, true
}

// formatPlain writes a packet of an authentication protocol.
func formatPlain(b []byte, proto string, names []string, info []byte, body func([]byte, packet) []byte) []byte {
	p, ok := parsePacket(info)
	if !ok {
		return append(append(append(b, '['), proto...), " malformed <hidden>]"...) // may hold a password
	}
	name := ""
	if int(p.code) < len(names) {
		name = names[p.code]
	}
	b = formatHeader(b, proto, name, p)
	return append(body(b, p), ']')
}

func formatPAP(b []byte, p packet) []byte {
	switch p.code {
	case papRequest:
		if name, _, ok := parsePAP(p.data); ok {
			b = quoteField(append(b, " user="...), []byte(name))
			return append(b, " password=<hidden>"...)
		}
	case papAck, papNak:
		if len(p.data) == 0 {
			return b
		}
		return quoteField(append(b, ' '), p.data[1:1+min(int(p.data[0]), len(p.data)-1)])
	}
	return append(b, " <hidden>"...)
}

func formatCHAP(b []byte, p packet) []byte {
	switch p.code {
	case chapChallenge, chapResponse:
		if value, name, ok := parseCHAP(p.data); ok {
			b = fmt.Appendf(b, " <%x>, name = ", value[:min(len(value), maxField)])
			return quoteField(b, []byte(name))
		}
	case chapSuccess, chapFailure:
		return quoteField(append(b, ' '), p.data)
	}
	return hexField(b, p.data)
}

// hexField writes octets, each after a space.
func hexField(b, data []byte) []byte {
	for i, c := range data {
		if i == maxField/2 {
			return append(b, " ..."...)
		}
		b = fmt.Appendf(b, " %02x", c)
	}
	return b
}

// quoteField writes text in quotes, escaped to ASCII.
func quoteField(b, data []byte) []byte {
	cut := len(data) > maxField
	if cut {
		data = data[:maxField]
	}
	b = strconv.AppendQuoteToASCII(b, string(data))
	if cut {
		b = append(b, "..."...)
	}
	return b
}
