package pptp

import "time"

// IncomingCallRequest is an Incoming-Call-Request, from PAC to PNS
// (RFC 2637 section 2.9).
type IncomingCallRequest struct {
	CallID     uint16 // the PAC's
	Serial     uint16
	Bearer     Bearer
	Channel    uint32 // physical channel, for the log
	Dialed     string // the number that the caller dialed, at most 64 octets
	Dialing    string // the caller's number, at most 64 octets
	Subaddress string // at most 64 octets
}

func (IncomingCallRequest) Type() MessageType { return TypeIncomingCallRequest }

func (m IncomingCallRequest) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.CallID)
	w.u16(m.Serial)
	w.u32(uint32(m.Bearer))
	w.u32(m.Channel)
	w.u16(uint16(len(m.Dialed)))
	w.u16(uint16(len(m.Dialing)))
	w.text("Dialed Number", m.Dialed, 64)
	w.text("Dialing Number", m.Dialing, 64)
	w.text("Subaddress", m.Subaddress, 64)
	return w.done()
}

func parseIncomingCallRequest(r *reader) Message {
	m := IncomingCallRequest{
		CallID:  r.u16(),
		Serial:  r.u16(),
		Bearer:  Bearer(r.u32()),
		Channel: r.u32(),
	}
	dialed, dialing := int(r.u16()), int(r.u16())
	m.Dialed = r.digits(64, dialed)
	m.Dialing = r.digits(64, dialing)
	m.Subaddress = r.text(64)
	return m
}

// IncomingCallReply is an Incoming-Call-Reply, from PNS to PAC
// (RFC 2637 section 2.10).
type IncomingCallReply struct {
	CallID     uint16 // the PNS's
	PeerCallID uint16 // the PAC's, from the request
	Result     IncomingResult
	Error      ErrorCode
	Window     uint16 // packets that the PNS will buffer
	Delay      time.Duration
}

func (IncomingCallReply) Type() MessageType { return TypeIncomingCallReply }

func (m IncomingCallReply) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.CallID)
	w.u16(m.PeerCallID)
	w.u8(uint8(m.Result))
	w.u8(uint8(m.Error))
	w.u16(m.Window)
	w.tenths("Packet Transmit Delay", m.Delay)
	w.u16(0)
	return w.done()
}

func parseIncomingCallReply(r *reader) Message {
	return IncomingCallReply{
		CallID:     r.u16(),
		PeerCallID: r.u16(),
		Result:     IncomingResult(r.u8()),
		Error:      ErrorCode(r.u8()),
		Window:     r.u16(),
		Delay:      r.tenths(),
	}
}

// IncomingCallConnected is an Incoming-Call-Connected, from PAC to PNS
// (RFC 2637 section 2.11).
type IncomingCallConnected struct {
	PeerCallID uint16 // the PNS's, from the reply
	Speed      uint32 // bit/s
	Window     uint16 // packets that the PAC will buffer
	Delay      time.Duration
	Framing    Framing
}

func (IncomingCallConnected) Type() MessageType { return TypeIncomingCallConnected }

func (m IncomingCallConnected) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.PeerCallID)
	w.u16(0)
	w.u32(m.Speed)
	w.u16(m.Window)
	w.tenths("Packet Transmit Delay", m.Delay)
	w.u32(uint32(m.Framing))
	return w.done()
}

func parseIncomingCallConnected(r *reader) Message {
	m := IncomingCallConnected{PeerCallID: r.u16()}
	r.skip(2)
	m.Speed = r.u32()
	m.Window = r.u16()
	m.Delay = r.tenths()
	m.Framing = Framing(r.u32())
	return m
}
