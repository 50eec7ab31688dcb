package pptp

import (
	"encoding/binary"
	"fmt"
)

// Port is the TCP port of a PPTP server (RFC 2637 section 1.4).
const Port = 1723

// Version is version 1, revision 0 (RFC 2637 section 1.4).
const Version = 0x0100

const (
	magic          = 0x1A2B3C4D
	kindControl    = 1 // PPTP Message Type
	kindManagement = 2

	commonHeader  = 8  // length, PPTP message type, magic cookie
	controlHeader = 12 // control message type and reserved0 as well
	maxMessage    = 220
)

// MessageType is a Control Message Type (RFC 2637 section 1.4).
type MessageType uint16

const (
	TypeStartRequest MessageType = iota + 1
	TypeStartReply
	TypeStopRequest
	TypeStopReply
	TypeEchoRequest
	TypeEchoReply
	TypeOutgoingCallRequest
	TypeOutgoingCallReply
	TypeIncomingCallRequest
	TypeIncomingCallReply
	TypeIncomingCallConnected
	TypeCallClearRequest
	TypeCallDisconnectNotify
	TypeWANErrorNotify
	TypeSetLinkInfo
)

// types is what is known of each message type: the RFC's name and the exact
// length in octets (RFC 2637 sections 2.1 to 2.15).
var types = [...]struct {
	name string
	size int
	new  func(r *reader) Message
}{
	TypeStartRequest:          {"Start-Control-Connection-Request", 156, parseStartRequest},
	TypeStartReply:            {"Start-Control-Connection-Reply", 156, parseStartReply},
	TypeStopRequest:           {"Stop-Control-Connection-Request", 16, parseStopRequest},
	TypeStopReply:             {"Stop-Control-Connection-Reply", 16, parseStopReply},
	TypeEchoRequest:           {"Echo-Request", 16, parseEchoRequest},
	TypeEchoReply:             {"Echo-Reply", 20, parseEchoReply},
	TypeOutgoingCallRequest:   {"Outgoing-Call-Request", 168, parseOutgoingCallRequest},
	TypeOutgoingCallReply:     {"Outgoing-Call-Reply", 32, parseOutgoingCallReply},
	TypeIncomingCallRequest:   {"Incoming-Call-Request", 220, parseIncomingCallRequest},
	TypeIncomingCallReply:     {"Incoming-Call-Reply", 24, parseIncomingCallReply},
	TypeIncomingCallConnected: {"Incoming-Call-Connected", 28, parseIncomingCallConnected},
	TypeCallClearRequest:      {"Call-Clear-Request", 16, parseCallClearRequest},
	TypeCallDisconnectNotify:  {"Call-Disconnect-Notify", 148, parseCallDisconnectNotify},
	TypeWANErrorNotify:        {"WAN-Error-Notify", 40, parseWANErrorNotify},
	TypeSetLinkInfo:           {"Set-Link-Info", 24, parseSetLinkInfo},
}

func (t MessageType) known() bool { return t >= 1 && int(t) < len(types) }

// String is the RFC's name.
func (t MessageType) String() string {
	if t.known() {
		return types[t].name
	}
	return fmt.Sprintf("message type %d", uint16(t))
}

// Size is the exact length of a message of type t in octets, 0 if t is unknown.
func (t MessageType) Size() int {
	if t.known() {
		return types[t].size
	}
	return 0
}

// Message is one control message. Its dynamic types are the structs of this
// package, not pointers to them.
type Message interface {
	// Type is the control message type.
	Type() MessageType
	// AppendBinary appends the whole message, header included, to b. The
	// error, a *FormatError, names the field that does not fit.
	AppendBinary(b []byte) ([]byte, error)
}

// FormatError says which field of a message is wrong. After one in received
// bytes the stream cannot be trusted any more (RFC 2637 section 1.4).
type FormatError struct {
	Type  MessageType // 0 = not known yet
	Field string      // the RFC's name of the field
	Got   uint32
	Want  string // may be empty
}

func (e *FormatError) Error() string {
	s := "pptp: "
	if e.Type != 0 {
		s += e.Type.String() + ": "
	}
	s += fmt.Sprintf("%s is %#x", e.Field, e.Got)
	if e.Want != "" {
		s += ", must be " + e.Want
	}
	return s
}

// Parse reads one whole message. b is not kept. Reserved fields are not looked
// at: "any reserved fields MUST be sent as 0 values to allow for protocol
// extensibility" (RFC 2637 section 2).
func Parse(b []byte) (Message, error) {
	n, t, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	if !t.known() {
		return nil, &FormatError{Field: "Control Message Type", Got: uint32(t), Want: "1 to 15"}
	}
	if len(b) != n {
		return nil, &FormatError{Type: t, Field: "Length", Got: uint32(len(b)), Want: fmt.Sprint(n)}
	}
	return types[t].new(&reader{b: b, at: controlHeader}), nil
}

// parseHeader checks the common header as far as b reaches and gives the
// message's length, 0 while b is too short to tell, and its type, 0 for a
// management message or while b is too short. The length of a known type is
// right.
func parseHeader(b []byte) (n int, t MessageType, err error) {
	if len(b) < commonHeader {
		return 0, 0, nil
	}
	n = int(binary.BigEndian.Uint16(b))
	kind := binary.BigEndian.Uint16(b[2:])
	if m := binary.BigEndian.Uint32(b[4:]); m != magic {
		return 0, 0, &FormatError{Field: "Magic Cookie", Got: m, Want: fmt.Sprintf("%#x", magic)}
	}
	switch kind {
	case kindControl:
		if n < controlHeader {
			return 0, 0, &FormatError{Field: "Length", Got: uint32(n), Want: "12 or more"}
		}
	case kindManagement:
		if n < commonHeader {
			return 0, 0, &FormatError{Field: "Length", Got: uint32(n), Want: "8 or more"}
		}
		return n, 0, nil
	default:
		return 0, 0, &FormatError{Field: "PPTP Message Type", Got: uint32(kind), Want: "1 or 2"}
	}
	if len(b) < controlHeader {
		return 0, 0, nil
	}
	t = MessageType(binary.BigEndian.Uint16(b[8:]))
	if t.known() && n != types[t].size {
		return 0, 0, &FormatError{Type: t, Field: "Length", Got: uint32(n), Want: fmt.Sprint(types[t].size)}
	}
	return n, t, nil
}
