package pptp

import (
	"fmt"

	"dun/dialup/cause"
)

// Result codes of the replies and notices. Each kind has its own numbers.
type (
	StartResult      uint8 // RFC 2637 section 2.2
	StopReason       uint8 // section 2.3
	OutgoingResult   uint8 // section 2.8
	IncomingResult   uint8 // section 2.10
	DisconnectResult uint8 // section 2.13
)

const (
	StartOK            StartResult = 1
	StartGeneral       StartResult = 2
	StartExists        StartResult = 3
	StartNotAuthorized StartResult = 4
	StartVersion       StartResult = 5

	StopNone     StopReason = 1
	StopProtocol StopReason = 2
	StopShutdown StopReason = 3

	OutgoingConnected   OutgoingResult = 1
	OutgoingGeneral     OutgoingResult = 2
	OutgoingNoCarrier   OutgoingResult = 3
	OutgoingBusy        OutgoingResult = 4
	OutgoingNoDialTone  OutgoingResult = 5
	OutgoingTimeOut     OutgoingResult = 6
	OutgoingDoNotAccept OutgoingResult = 7

	IncomingConnect     IncomingResult = 1
	IncomingGeneral     IncomingResult = 2
	IncomingDoNotAccept IncomingResult = 3

	DisconnectLostCarrier DisconnectResult = 1
	DisconnectGeneral     DisconnectResult = 2
	DisconnectShutdown    DisconnectResult = 3
	DisconnectRequest     DisconnectResult = 4

	// Of Stop-Control-Connection-Reply and Echo-Reply (sections 2.4, 2.6).
	resultOK = 1
)

// ErrorCode is a general error code (RFC 2637 section 2.16).
type ErrorCode uint8

const (
	ErrorNone         ErrorCode = 0
	ErrorNotConnected ErrorCode = 1
	ErrorBadFormat    ErrorCode = 2
	ErrorBadValue     ErrorCode = 3
	ErrorNoResource   ErrorCode = 4
	ErrorBadCallID    ErrorCode = 5
	ErrorPAC          ErrorCode = 6
)

// meaning is what a code says: in words, and as a cause.
type meaning struct {
	words string
	cause cause.Cause
}

var errorCodes = []meaning{
	ErrorNone:         {"general error", cause.CallRefused},
	ErrorNotConnected: {"no control connection exists (Not-Connected)", cause.ControlProtocol},
	ErrorBadFormat:    {"a message had a wrong length or magic cookie (Bad-Format)", cause.ControlProtocol},
	ErrorBadValue:     {"a field was out of range (Bad-Value)", cause.ControlProtocol},
	ErrorNoResource:   {"no resources are left (No-Resource)", cause.ServerFull},
	ErrorBadCallID:    {"the call id is invalid (Bad-Call ID)", cause.CallRefused},
	ErrorPAC:          {"an error of the vendor's own occurred (PAC-Error)", cause.CallRefused},
}

// A general error in these tables is looked up in errorCodes.
var startResults = []meaning{
	StartGeneral:       {},
	StartExists:        {"a control connection exists already", cause.CallRefused},
	StartNotAuthorized: {"we are not authorized", cause.CallRefused},
	StartVersion:       {"our protocol version is not supported", cause.ControlProtocol},
}

var stopReasons = []meaning{
	StopNone:     {"general request", cause.CallCleared},
	StopProtocol: {"our protocol version is not supported", cause.ControlProtocol},
	StopShutdown: {"the peer is being shut down", cause.CallCleared},
}

var outgoingResults = []meaning{
	OutgoingGeneral:     {},
	OutgoingNoCarrier:   {"no carrier", cause.CallRefused},
	OutgoingBusy:        {"busy", cause.ServerFull},
	OutgoingNoDialTone:  {"no dial tone", cause.CallRefused},
	OutgoingTimeOut:     {"time-out at the server", cause.CallTimeout},
	OutgoingDoNotAccept: {"administratively prohibited", cause.CallRefused},
}

var incomingResults = []meaning{
	IncomingGeneral:     {},
	IncomingDoNotAccept: {"not accepted", cause.CallRefused},
}

var disconnectResults = []meaning{
	DisconnectLostCarrier: {"lost carrier", cause.CallCleared},
	DisconnectGeneral:     {},
	DisconnectShutdown:    {"administrative shutdown", cause.CallCleared},
	DisconnectRequest:     {"on our request", cause.CallCleared},
}

// explain looks code up in table, for words and cause; other is the cause of
// a code that nobody knows.
func explain(table []meaning, code uint8, general uint8, e ErrorCode, other cause.Cause) (cause.Cause, string) {
	if code == general {
		if int(e) < len(errorCodes) {
			return errorCodes[e].cause, errorCodes[e].words
		}
		return other, fmt.Sprintf("general error %d", e)
	}
	if int(code) < len(table) && table[code].words != "" {
		return table[code].cause, table[code].words
	}
	return other, fmt.Sprintf("result code %d", code)
}

func (m StartReply) explain() (cause.Cause, string) {
	return explain(startResults, uint8(m.Result), uint8(StartGeneral), m.Error, cause.CallRefused)
}

func (m StopRequest) explain() (cause.Cause, string) {
	return explain(stopReasons, uint8(m.Reason), 0xff, 0, cause.CallCleared)
}

func (m OutgoingCallReply) explain() (c cause.Cause, words string) {
	c, words = explain(outgoingResults, uint8(m.Result), uint8(OutgoingGeneral), m.Error, cause.CallRefused)
	return c, withCode(words, m.CauseCode)
}

func (m IncomingCallReply) explain() (cause.Cause, string) {
	return explain(incomingResults, uint8(m.Result), uint8(IncomingGeneral), m.Error, cause.CallRefused)
}

// The cause of a disconnect is CallCleared whatever was said: the call was up.
func (m CallDisconnectNotify) explain() (cause.Cause, string) {
	_, words := explain(disconnectResults, uint8(m.Result), uint8(DisconnectGeneral), m.Error, cause.CallCleared)
	return cause.CallCleared, withCode(words, m.CauseCode)
}

func withCode(words string, q931 uint16) string {
	if q931 == 0 {
		return words
	}
	return fmt.Sprintf("%s, cause code %d", words, q931)
}

// refusal is how a cause is told to a peer that wanted a call.
func refusal(c cause.Cause) (out OutgoingResult, in IncomingResult, e ErrorCode) {
	switch c {
	case cause.ServerFull, cause.OutOfBuffers:
		return OutgoingGeneral, IncomingGeneral, ErrorNoResource
	case cause.Busy:
		return OutgoingBusy, IncomingDoNotAccept, ErrorNone
	case cause.NoCarrier, cause.NoAnswer:
		return OutgoingNoCarrier, IncomingDoNotAccept, ErrorNone
	case cause.NoDialTone:
		return OutgoingNoDialTone, IncomingDoNotAccept, ErrorNone
	case cause.CallTimeout, cause.DialTimeout:
		return OutgoingTimeOut, IncomingDoNotAccept, ErrorNone
	case cause.Internal:
		return OutgoingGeneral, IncomingGeneral, ErrorPAC
	}
	return OutgoingDoNotAccept, IncomingDoNotAccept, ErrorNone
}

// disconnection is how a PAC tells why it ended a call.
func disconnection(c cause.Cause) DisconnectResult {
	switch c {
	case cause.CarrierLost, cause.PeerHangup, cause.EchoTimeout, cause.LowerLinkDown:
		return DisconnectLostCarrier
	}
	return DisconnectShutdown
}

// stopReason is how the end of the control connection is told.
func stopReason(c cause.Cause) StopReason {
	if c == cause.ControlProtocol {
		return StopProtocol
	}
	return StopNone
}
