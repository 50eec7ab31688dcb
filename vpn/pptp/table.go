package pptp

// The state tables of RFC 2637 sections 3.1 and 3.2 as data. A row that is not
// there means that the message or command does not belong into the state: it
// is counted and otherwise ignored.

// State is a state of the control connection (RFC 2637 sections 3.1.1, 3.1.2).
type State uint8

const (
	StateIdle State = iota
	StateWaitReply
	StateEstablished
	StateWaitStop
	StateClosed // idle again: a Conn serves one TCP connection
)

var stateNames = [...]string{"idle", "wait_ctl_reply", "established", "wait_stop_reply", "closed"}

// String is the RFC's name.
func (s State) String() string { return stateNames[s] }

// input is what drives the control connection.
type input uint8

const (
	inOpen            input = iota // TCP Open Indication
	inStartRequest                 // Receive Start Control Connection Request, Version OK
	inStartRequestBad              // the same, Version Not OK
	inStartReply                   // Receive Start Ctl Connection Reply, Version OK
	inStartReplyBad                // the same, Version Not OK
	inStartRefused                 // the same, with another result than success
	inStopRequest                  // Receive Stop Control Connection Request
	inStopReply                    // Receive Stop Control Connection Reply
	inTerminate                    // Local Terminate
	inTimeout                      // section 3.1.4, no answer
)

// output is what the machine does in a transition; the bits in this order.
type output uint16

const (
	sendStartRequest output = 1 << iota
	sendStartReply
	sendStartReplyError
	sendStopRequest
	sendStopReply
	closeTCP
)

type controlRow struct {
	originate bool
	from      State
	in        input
	out       output
	to        State
	ours      string // why, for a row that the RFC's figure does not have
}

var controlTable = []controlRow{
	// RFC 2637 section 3.1.1, the originator.
	{true, StateIdle, inOpen, sendStartRequest, StateWaitReply, ""},
	{true, StateWaitReply, inStartReply, 0, StateEstablished, ""},
	{true, StateWaitReply, inStartReplyBad, sendStopRequest, StateWaitStop, ""},
	{true, StateEstablished, inStopRequest, sendStopReply | closeTCP, StateClosed, ""},
	{true, StateEstablished, inTerminate, sendStopRequest, StateWaitStop, ""},
	{true, StateWaitStop, inStopReply, closeTCP, StateClosed, ""},

	{true, StateWaitReply, inStartRefused, closeTCP, StateClosed, "section 2.2: the result says that nothing was established"},
	{true, StateWaitReply, inStopRequest, sendStopReply | closeTCP, StateClosed, "the peer gives up early"},
	{true, StateWaitReply, inTerminate, closeTCP, StateClosed, "nothing is established that could be stopped"},
	{true, StateWaitReply, inTimeout, closeTCP, StateClosed, "section 3.1.4, case 1"},
	{true, StateEstablished, inTimeout, closeTCP, StateClosed, "section 3.1.4, case 2, and section 3.2.1"},
	{true, StateWaitStop, inStopRequest, sendStopReply | closeTCP, StateClosed, "both ends stop"},
	{true, StateWaitStop, inTimeout, closeTCP, StateClosed, "section 3: no reply, the connection is closed"},
	{true, StateIdle, inTerminate, closeTCP, StateClosed, "before Open"},

	// RFC 2637 section 3.1.2, the receiver.
	{false, StateIdle, inStartRequestBad, sendStartReplyError | closeTCP, StateClosed, ""},
	{false, StateIdle, inStartRequest, sendStartReply, StateEstablished, ""},
	// The figure has "Receive Start Ctl Connection Request" here; the text
	// below it has Stop, and the reply that it sends is the stop's.
	{false, StateEstablished, inStopRequest, sendStopReply | closeTCP, StateClosed, ""},
	{false, StateEstablished, inTerminate, sendStopRequest, StateWaitStop, ""},
	{false, StateWaitStop, inStopReply, closeTCP, StateClosed, ""},

	{false, StateIdle, inOpen, 0, StateIdle, "the receiver waits for the request"},
	{false, StateIdle, inStopRequest, sendStopReply | closeTCP, StateClosed, "the peer gives up early"},
	{false, StateIdle, inTerminate, closeTCP, StateClosed, "nothing is established that could be stopped"},
	{false, StateIdle, inTimeout, closeTCP, StateClosed, "section 3.1.4, case 1"},
	{false, StateEstablished, inTimeout, closeTCP, StateClosed, "section 3.1.4, case 2, and section 3.2.1"},
	{false, StateWaitStop, inStopRequest, sendStopReply | closeTCP, StateClosed, "both ends stop"},
	{false, StateWaitStop, inTimeout, closeTCP, StateClosed, "section 3: no reply, the connection is closed"},
}

func controlStep(originate bool, from State, in input) (controlRow, bool) {
	for _, row := range controlTable {
		if row.originate == originate && row.from == from && row.in == in {
			return row, true
		}
	}
	return controlRow{}, false
}

// role is our side of a call.
type role uint8

const (
	pnsOutgoing role = iota // we asked the peer to call
	pacOutgoing             // the peer asked us to call
	pnsIncoming             // the peer has a call for us
	pacIncoming             // we have a call for the peer
)

// pns reports whether we are the PNS of the call.
func (r role) pns() bool { return r == pnsOutgoing || r == pnsIncoming }

type callState uint8

const (
	callIdle callState = iota
	callAsked
	callWaitReply
	callWaitAnswer // wait_cs_ans
	callWaitConnect
	callEstablished
	callWaitDisconnect
)

var callStateNames = [...]string{"idle", "asked", "wait_reply", "wait_cs_ans", "wait_connect", "established", "wait_disconnect"}

func (s callState) String() string { return callStateNames[s] }

type callInput uint8

const (
	callOpen       callInput = iota // a command: Dial, Offer
	callRequest                     // Outgoing- or Incoming-Call-Request, no error
	callReply                       // Outgoing- or Incoming-Call-Reply, no error
	callReplyError                  // the same with an error
	callConnected                   // Incoming-Call-Connected
	callAccept                      // a command: the call is answered
	callRefuse                      // a command: it is not
	callClear                       // Call-Clear-Request
	callDisconnect                  // Call-Disconnect-Notify
	callTerminate                   // a command: Hangup
	callTimeout                     // section 3.2.1
)

type callOutput uint16

const (
	sendRequest callOutput = 1 << iota
	sendReply
	sendReplyError
	sendConnected
	sendClear
	sendDisconnect
	tellAsked // an event to our owner
	tellUp
	tellEnded
	failControl // section 3.2.1: the whole control connection is suspect
)

type callRow struct {
	role role
	from callState
	in   callInput
	out  callOutput
	to   callState
	ours string // why, for a row that the RFC's figure does not have
}

var callTable = []callRow{
	// RFC 2637 section 3.2.4.2, PNS, outgoing.
	{pnsOutgoing, callIdle, callOpen, sendRequest, callWaitReply, ""},
	{pnsOutgoing, callWaitReply, callReplyError, tellEnded, callIdle, ""},
	{pnsOutgoing, callWaitReply, callReply, tellUp, callEstablished, ""},
	{pnsOutgoing, callWaitReply, callTerminate, sendClear | tellEnded, callWaitDisconnect, ""},
	{pnsOutgoing, callEstablished, callDisconnect, tellEnded, callIdle, ""},
	{pnsOutgoing, callEstablished, callTerminate, sendClear | tellEnded, callWaitDisconnect, ""},
	{pnsOutgoing, callWaitDisconnect, callDisconnect, 0, callIdle, ""},

	{pnsOutgoing, callWaitReply, callDisconnect, tellEnded, callIdle, "the PAC gave up without a reply"},
	{pnsOutgoing, callWaitReply, callTimeout, sendClear | tellEnded, callWaitDisconnect, "abort"},
	{pnsOutgoing, callWaitDisconnect, callReply, 0, callWaitDisconnect, "crossed our Call-Clear-Request"},
	{pnsOutgoing, callWaitDisconnect, callReplyError, 0, callIdle, "crossed our Call-Clear-Request, no notice will follow"},
	{pnsOutgoing, callWaitDisconnect, callTimeout, failControl, callIdle, "section 3.2.1"},

	// RFC 2637 section 3.2.4.1, PAC, outgoing. A request in error is
	// refused before there is a call.
	{pacOutgoing, callIdle, callRequest, tellAsked, callWaitAnswer, ""},
	{pacOutgoing, callWaitAnswer, callRefuse, sendReplyError, callIdle, ""},
	{pacOutgoing, callWaitAnswer, callClear, sendDisconnect | tellEnded, callIdle, ""},
	{pacOutgoing, callWaitAnswer, callAccept, sendReply | tellUp, callEstablished, ""},
	{pacOutgoing, callEstablished, callClear, sendDisconnect | tellEnded, callIdle, ""},
	{pacOutgoing, callEstablished, callTerminate, sendDisconnect | tellEnded, callIdle, ""},

	{pacOutgoing, callWaitAnswer, callTimeout, sendReplyError | tellEnded, callIdle, "section 3.2.4.1: a timer expires"},

	// RFC 2637 section 3.2.3.2, PNS, incoming. The figure decides at once;
	// here our owner does, and the call is asked for meanwhile.
	{pnsIncoming, callAsked, callAccept, sendReply, callWaitConnect, ""},
	{pnsIncoming, callAsked, callRefuse, sendReplyError, callIdle, ""},
	{pnsIncoming, callWaitConnect, callDisconnect, tellEnded, callIdle, ""},
	{pnsIncoming, callWaitConnect, callConnected, tellUp, callEstablished, ""},
	{pnsIncoming, callEstablished, callDisconnect, tellEnded, callIdle, ""},
	{pnsIncoming, callEstablished, callTerminate, sendClear | tellEnded, callWaitDisconnect, ""},
	{pnsIncoming, callWaitDisconnect, callDisconnect, 0, callIdle, ""},

	{pnsIncoming, callIdle, callRequest, tellAsked, callAsked, "our owner decides"},
	{pnsIncoming, callAsked, callDisconnect, tellEnded, callIdle, "the caller hung up"},
	{pnsIncoming, callAsked, callTimeout, sendReplyError | tellEnded, callIdle, "our owner did not decide"},
	{pnsIncoming, callWaitConnect, callTerminate, sendClear | tellEnded, callWaitDisconnect, "section 2.12: in any state"},
	{pnsIncoming, callWaitConnect, callTimeout, sendClear | tellEnded, callWaitDisconnect, "abort"},
	{pnsIncoming, callWaitDisconnect, callConnected, 0, callWaitDisconnect, "crossed our Call-Clear-Request"},
	{pnsIncoming, callWaitDisconnect, callTimeout, failControl, callIdle, "section 3.2.1"},

	// RFC 2637 section 3.2.3.1, PAC, incoming.
	{pacIncoming, callIdle, callOpen, sendRequest, callWaitReply, ""},
	{pacIncoming, callWaitReply, callReplyError, tellEnded, callIdle, ""},
	{pacIncoming, callWaitReply, callTerminate, sendDisconnect | tellEnded, callIdle, ""},
	{pacIncoming, callWaitReply, callReply, sendConnected | tellUp, callEstablished, ""},
	{pacIncoming, callEstablished, callClear, sendDisconnect | tellEnded, callIdle, ""},
	{pacIncoming, callEstablished, callTerminate, sendDisconnect | tellEnded, callIdle, ""},

	{pacIncoming, callWaitReply, callClear, sendDisconnect | tellEnded, callIdle, "section 2.12: in any state"},
	{pacIncoming, callWaitReply, callTimeout, sendDisconnect | tellEnded, callIdle, "abort"},
}

func callStep(r role, from callState, in callInput) (callRow, bool) {
	for _, row := range callTable {
		if row.role == r && row.from == from && row.in == in {
			return row, true
		}
	}
	return callRow{}, false
}
