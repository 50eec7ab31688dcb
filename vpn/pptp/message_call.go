package pptp

// CallClearRequest is a Call-Clear-Request, from PNS to PAC
// (RFC 2637 section 2.12).
type CallClearRequest struct {
	CallID uint16 // the PNS's own, that is the sender's
}

func (CallClearRequest) Type() MessageType { return TypeCallClearRequest }

func (m CallClearRequest) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.CallID)
	w.u16(0)
	return w.done()
}

func parseCallClearRequest(r *reader) Message { return CallClearRequest{CallID: r.u16()} }

// CallDisconnectNotify is a Call-Disconnect-Notify, from PAC to PNS
// (RFC 2637 section 2.13).
type CallDisconnectNotify struct {
	CallID     uint16 // the PAC's own, that is the sender's
	Result     DisconnectResult
	Error      ErrorCode
	CauseCode  uint16 // Q.931 for ISDN
	Statistics string // for the log, at most 128 octets
}

func (CallDisconnectNotify) Type() MessageType { return TypeCallDisconnectNotify }

func (m CallDisconnectNotify) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.CallID)
	w.u8(uint8(m.Result))
	w.u8(uint8(m.Error))
	w.u16(m.CauseCode)
	w.u16(0)
	w.text("Call Statistics", m.Statistics, 128)
	return w.done()
}

func parseCallDisconnectNotify(r *reader) Message {
	m := CallDisconnectNotify{
		CallID:    r.u16(),
		Result:    DisconnectResult(r.u8()),
		Error:     ErrorCode(r.u8()),
		CauseCode: r.u16(),
	}
	r.skip(2)
	m.Statistics = r.text(128)
	return m
}

// WANErrorNotify is a WAN-Error-Notify, from PAC to PNS (RFC 2637 section
// 2.14). The counters are cumulative for the call.
type WANErrorNotify struct {
	PeerCallID       uint16 // the PNS's, that is the receiver's
	CRCErrors        uint32
	FramingErrors    uint32
	HardwareOverruns uint32
	BufferOverruns   uint32
	TimeOutErrors    uint32
	AlignmentErrors  uint32
}

func (WANErrorNotify) Type() MessageType { return TypeWANErrorNotify }

func (m WANErrorNotify) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.PeerCallID)
	w.u16(0)
	w.u32(m.CRCErrors)
	w.u32(m.FramingErrors)
	w.u32(m.HardwareOverruns)
	w.u32(m.BufferOverruns)
	w.u32(m.TimeOutErrors)
	w.u32(m.AlignmentErrors)
	return w.done()
}

func parseWANErrorNotify(r *reader) Message {
	m := WANErrorNotify{PeerCallID: r.u16()}
	r.skip(2)
	m.CRCErrors = r.u32()
	m.FramingErrors = r.u32()
	m.HardwareOverruns = r.u32()
	m.BufferOverruns = r.u32()
	m.TimeOutErrors = r.u32()
	m.AlignmentErrors = r.u32()
	return m
}

// SetLinkInfo is a Set-Link-Info, from PNS to PAC (RFC 2637 section 2.15).
type SetLinkInfo struct {
	PeerCallID  uint16 // the PAC's, that is the receiver's
	SendACCM    uint32
	ReceiveACCM uint32
}

func (SetLinkInfo) Type() MessageType { return TypeSetLinkInfo }

func (m SetLinkInfo) AppendBinary(b []byte) ([]byte, error) {
	w := write(b, m.Type())
	w.u16(m.PeerCallID)
	w.u16(0)
	w.u32(m.SendACCM)
	w.u32(m.ReceiveACCM)
	return w.done()
}

func parseSetLinkInfo(r *reader) Message {
	m := SetLinkInfo{PeerCallID: r.u16()}
	r.skip(2)
	m.SendACCM = r.u32()
	m.ReceiveACCM = r.u32()
	return m
}
