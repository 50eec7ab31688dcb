package pptp

import "time"

// OutgoingCallRequest is an Outgoing-Call-Request, from PNS to PAC
// (RFC 2637 section 2.7).
type OutgoingCallRequest struct {
	CallID      uint16 // the PNS's
	Serial      uint16
	MinBPS      uint32
	MaxBPS      uint32
	Bearer      Bearer
	Framing     Framing
	Window      uint16        // packets that the PNS will buffer
	Delay       time.Duration // processing delay of the PNS, in tenths of a second on the wire
	PhoneNumber string        // at most 64 octets
	Subaddress  string        // at most 64 octets
}

func (OutgoingCallRequest) Type() MessageType { return TypeOutgoingCallRequest }

func (m OutgoingCallRequest) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.CallID)
	w.u16(m.Serial)
	w.u32(m.MinBPS)
	w.u32(m.MaxBPS)
	w.u32(uint32(m.Bearer))
	w.u32(uint32(m.Framing))
	w.u16(m.Window)
	w.tenths("Packet Processing Delay", m.Delay)
	w.u16(uint16(len(m.PhoneNumber)))
	w.u16(0)
	w.text("Phone Number", m.PhoneNumber, 64)
	w.text("Subaddress", m.Subaddress, 64)
	return w.done()
}

func parseOutgoingCallRequest(r *reader) Message {
	m := OutgoingCallRequest{
		CallID:  r.u16(),
		Serial:  r.u16(),
		MinBPS:  r.u32(),
		MaxBPS:  r.u32(),
		Bearer:  Bearer(r.u32()),
		Framing: Framing(r.u32()),
		Window:  r.u16(),
		Delay:   r.tenths(),
	}
	digits := int(r.u16())
	r.skip(2)
	m.PhoneNumber = r.digits(64, digits)
	m.Subaddress = r.text(64)
	return m
}

// OutgoingCallReply is an Outgoing-Call-Reply, from PAC to PNS
// (RFC 2637 section 2.8).
type OutgoingCallReply struct {
	CallID     uint16 // the PAC's
	PeerCallID uint16 // the PNS's, from the request
	Result     OutgoingResult
	Error      ErrorCode
	CauseCode  uint16 // Q.931 for ISDN
	Speed      uint32 // bit/s
	Window     uint16 // packets that the PAC will buffer
	Delay      time.Duration
	Channel    uint32 // physical channel, for the log
}

func (OutgoingCallReply) Type() MessageType { return TypeOutgoingCallReply }

func (m OutgoingCallReply) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.CallID)
	w.u16(m.PeerCallID)
	w.u8(uint8(m.Result))
	w.u8(uint8(m.Error))
	w.u16(m.CauseCode)
	w.u32(m.Speed)
	w.u16(m.Window)
	w.tenths("Packet Processing Delay", m.Delay)
	w.u32(m.Channel)
	return w.done()
}

func parseOutgoingCallReply(r *reader) Message {
	return OutgoingCallReply{
		CallID:     r.u16(),
		PeerCallID: r.u16(),
		Result:     OutgoingResult(r.u8()),
		Error:      ErrorCode(r.u8()),
		CauseCode:  r.u16(),
		Speed:      r.u32(),
		Window:     r.u16(),
		Delay:      r.tenths(),
		Channel:    r.u32(),
	}
}
