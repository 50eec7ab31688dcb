package pptp

// Capabilities and types are bits: Framing 1 asynchronous, 2 synchronous;
// Bearer 1 analog, 2 digital (RFC 2637 sections 2.1 and 2.7).
type (
	Framing uint32
	Bearer  uint32
)

const (
	FramingAsync  Framing = 1
	FramingSync   Framing = 2
	FramingEither Framing = 3

	BearerAnalog  Bearer = 1
	BearerDigital Bearer = 2
	BearerAny     Bearer = 3
)

// StartRequest is a Start-Control-Connection-Request (RFC 2637 section 2.1).
type StartRequest struct {
	Version     uint16
	Framing     Framing
	Bearer      Bearer
	MaxChannels uint16 // sessions that a PAC can support; 0 from a PNS
	Firmware    uint16
	HostName    string // at most 64 octets
	Vendor      string // at most 64 octets
}

func (StartRequest) Type() MessageType { return TypeStartRequest }

func (m StartRequest) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.Version)
	w.u16(0)
	w.u32(uint32(m.Framing))
	w.u32(uint32(m.Bearer))
	w.u16(m.MaxChannels)
	w.u16(m.Firmware)
	w.text("Host Name", m.HostName, 64)
	w.text("Vendor String", m.Vendor, 64)
	return w.done()
}

func parseStartRequest(r *reader) Message {
	m := StartRequest{Version: r.u16()}
	r.skip(2)
	m.Framing = Framing(r.u32())
	m.Bearer = Bearer(r.u32())
	m.MaxChannels = r.u16()
	m.Firmware = r.u16()
	m.HostName = r.text(64)
	m.Vendor = r.text(64)
	return m
}

// StartReply is a Start-Control-Connection-Reply (RFC 2637 section 2.2).
type StartReply struct {
	Version     uint16
	Result      StartResult
	Error       ErrorCode
	Framing     Framing
	Bearer      Bearer
	MaxChannels uint16
	Firmware    uint16
	HostName    string // at most 64 octets
	Vendor      string // at most 64 octets
}

func (StartReply) Type() MessageType { return TypeStartReply }

func (m StartReply) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.Version)
	w.u8(uint8(m.Result))
	w.u8(uint8(m.Error))
	w.u32(uint32(m.Framing))
	w.u32(uint32(m.Bearer))
	w.u16(m.MaxChannels)
	w.u16(m.Firmware)
	w.text("Host Name", m.HostName, 64)
	w.text("Vendor String", m.Vendor, 64)
	return w.done()
}

func parseStartReply(r *reader) Message {
	return StartReply{
		Version:     r.u16(),
		Result:      StartResult(r.u8()),
		Error:       ErrorCode(r.u8()),
		Framing:     Framing(r.u32()),
		Bearer:      Bearer(r.u32()),
		MaxChannels: r.u16(),
		Firmware:    r.u16(),
		HostName:    r.text(64),
		Vendor:      r.text(64),
	}
}

// StopRequest is a Stop-Control-Connection-Request (RFC 2637 section 2.3).
type StopRequest struct{ Reason StopReason }

func (StopRequest) Type() MessageType { return TypeStopRequest }

func (m StopRequest) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u8(uint8(m.Reason))
	w.u8(0)
	w.u16(0)
	return w.done()
}

func parseStopRequest(r *reader) Message { return StopRequest{Reason: StopReason(r.u8())} }

// StopReply is a Stop-Control-Connection-Reply (RFC 2637 section 2.4).
type StopReply struct {
	Result uint8 // 1 closed, 2 general error
	Error  ErrorCode
}

func (StopReply) Type() MessageType { return TypeStopReply }

func (m StopReply) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u8(m.Result)
	w.u8(uint8(m.Error))
	w.u16(0)
	return w.done()
}

func parseStopReply(r *reader) Message {
	return StopReply{Result: r.u8(), Error: ErrorCode(r.u8())}
}

// EchoRequest is an Echo-Request (RFC 2637 section 2.5).
type EchoRequest struct{ Identifier uint32 }

func (EchoRequest) Type() MessageType { return TypeEchoRequest }

func (m EchoRequest) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u32(m.Identifier)
	return w.done()
}

func parseEchoRequest(r *reader) Message { return EchoRequest{Identifier: r.u32()} }

// EchoReply is an Echo-Reply (RFC 2637 section 2.6).
type EchoReply struct {
	Identifier uint32
	Result     uint8 // 1 valid, 2 general error
	Error      ErrorCode
}

func (EchoReply) Type() MessageType { return TypeEchoReply }

func (m EchoReply) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u32(m.Identifier)
	w.u8(m.Result)
	w.u8(uint8(m.Error))
	w.u16(0)
	return w.done()
}

func parseEchoReply(r *reader) Message {
	return EchoReply{Identifier: r.u32(), Result: r.u8(), Error: ErrorCode(r.u8())}
}
