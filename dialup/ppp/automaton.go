package ppp

// state is a state of the option negotiation automaton (RFC 1661 section 4.2).
type state uint8

const (
	stInitial state = iota
	stStarting
	stClosed
	stStopped
	stClosing
	stStopping
	stReqSent
	stAckRcvd
	stAckSent
	stOpened
	numStates
)

// event is an event of the automaton (RFC 1661 section 4.3).
type event uint8

const (
	evUp event = iota
	evDown
	evOpen
	evClose
	evTOPlus
	evTOMinus
	evRCRPlus
	evRCRMinus
	evRCA
	evRCN
	evRTR
	evRTA
	evRUC
	evRXJPlus
	evRXJMinus
	evRXR
	numEvents
)

// actions is a set of actions (RFC 1661 section 4.4), carried out in the order
// of the bits: a layer goes down before and comes up after all else, and the
// counter is set before what counts.
type actions uint16

const (
	tld actions = 1 << iota
	irc
	zrc
	scr
	sca
	scn
	str
	sta
	scj
	ser
	tls
	tlf
	tlu
)

// cell is what an event does in a state.
type cell struct {
	do      actions
	next    state
	illegal bool // "-" in the RFC: the event cannot happen here
}

// no is the dash of the RFC's table.
var no = cell{illegal: true}

// automaton is the state transition table of RFC 1661 section 4.1, line by
// line. Footnote [x] (crossed connection) needs no place in it: Acks and Naks
// that were answered already are dropped before; [r] and [p] are options that
// are not taken.
var automaton = [numEvents][numStates]cell{
	//           Initial          Starting            Closed              Stopped                        Closing           Stopping          Req-Sent               Ack-Rcvd               Ack-Sent               Opened
	evUp:       {to(0, 2), to(irc|scr, 6), no, no, no, no, no, no, no, no},
	evDown:     {no, no, to(0, 0), to(tls, 1), to(0, 0), to(0, 1), to(0, 1), to(0, 1), to(0, 1), to(tld, 1)},
	evOpen:     {to(tls, 1), to(0, 1), to(irc|scr, 6), to(0, 3), to(0, 5), to(0, 5), to(0, 6), to(0, 7), to(0, 8), to(0, 9)},
	evClose:    {to(0, 0), to(tlf, 0), to(0, 2), to(0, 2), to(0, 4), to(0, 4), to(irc|str, 4), to(irc|str, 4), to(irc|str, 4), to(tld|irc|str, 4)},
	evTOPlus:   {no, no, no, no, to(str, 4), to(str, 5), to(scr, 6), to(scr, 6), to(scr, 8), no},
	evTOMinus:  {no, no, no, no, to(tlf, 2), to(tlf, 3), to(tlf, 3), to(tlf, 3), to(tlf, 3), no},
	evRCRPlus:  {no, no, to(sta, 2), to(irc|scr|sca, 8), to(0, 4), to(0, 5), to(sca, 8), to(sca|tlu, 9), to(sca, 8), to(tld|scr|sca, 8)},
	evRCRMinus: {no, no, to(sta, 2), to(irc|scr|scn, 6), to(0, 4), to(0, 5), to(scn, 6), to(scn, 7), to(scn, 6), to(tld|scr|scn, 6)},
	evRCA:      {no, no, to(sta, 2), to(sta, 3), to(0, 4), to(0, 5), to(irc, 7), to(scr, 6), to(irc|tlu, 9), to(tld|scr, 6)},
	evRCN:      {no, no, to(sta, 2), to(sta, 3), to(0, 4), to(0, 5), to(irc|scr, 6), to(scr, 6), to(irc|scr, 8), to(tld|scr, 6)},
	evRTR:      {no, no, to(sta, 2), to(sta, 3), to(sta, 4), to(sta, 5), to(sta, 6), to(sta, 6), to(sta, 6), to(tld|zrc|sta, 5)},
	evRTA:      {no, no, to(0, 2), to(0, 3), to(tlf, 2), to(tlf, 3), to(0, 6), to(0, 6), to(0, 8), to(tld|scr, 6)},
	evRUC:      {no, no, to(scj, 2), to(scj, 3), to(scj, 4), to(scj, 5), to(scj, 6), to(scj, 7), to(scj, 8), to(scj, 9)},
	evRXJPlus:  {no, no, to(0, 2), to(0, 3), to(0, 4), to(0, 5), to(0, 6), to(0, 6), to(0, 8), to(0, 9)},
	evRXJMinus: {no, no, to(tlf, 2), to(tlf, 3), to(tlf, 2), to(tlf, 3), to(tlf, 3), to(tlf, 3), to(tlf, 3), to(tld|irc|str, 5)},
	evRXR:      {no, no, to(0, 2), to(0, 3), to(0, 4), to(0, 5), to(0, 6), to(0, 7), to(0, 8), to(ser, 9)},
}

func to(do actions, next state) cell { return cell{do: do, next: next} }

// timed reports whether the restart timer runs in a state: those with TO
// events (RFC 1661 section 4.1).
func (s state) timed() bool { return s >= stClosing && s <= stAckSent }

// negotiating reports whether a Configure-Request of ours is on its way.
func (s state) negotiating() bool { return s >= stReqSent && s <= stAckSent }
