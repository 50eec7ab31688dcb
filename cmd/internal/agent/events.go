package agent

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"dun/dialup"
	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// Event is one line of a connection's story, for people and for programs.
type Event struct {
	Time   time.Time `json:"time"`
	Entry  string    `json:"entry"`
	Phase  string    `json:"phase,omitempty"` // set where a phase begins
	Text   string    `json:"text,omitempty"`
	Detail bool      `json:"detail,omitempty"` // only for who looks for a fault
	Packet string    `json:"packet,omitempty"` // a control packet, instead of all other
	End    *Failure  `json:"end,omitempty"`    // the call is over
	Missed int       `json:"missed,omitempty"` // that many events before this one were lost: the reader is too slow
}

// Failure is a cause with all that is known of it, as commands print it.
type Failure struct {
	Cause    string `json:"cause"`
	Sentence string `json:"sentence"`
	Detail   string `json:"detail,omitempty"`
	Remedy   string `json:"remedy,omitempty"`
	RAS      int    `json:"ras-error,omitempty"`
	Exit     int    `json:"exit-code"`
}

// String is the sentence with what is known of the case.
func (f *Failure) String() string {
	if f.Detail == "" {
		return f.Sentence
	}
	return strings.TrimSuffix(f.Sentence, ".") + ": " + f.Detail
}

// FailureOf describes err.
func FailureOf(err error) *Failure {
	info := cause.Of(err).Info()
	return &Failure{
		Cause: info.Name, Sentence: info.Sentence, Detail: detailOf(err),
		Remedy: info.Remedy, RAS: info.RAS, Exit: info.Exit,
	}
}

// detailOf is what err says beyond the sentence of its cause.
func detailOf(err error) string {
	var e *cause.Error
	if errors.As(err, &e) {
		return e.Text()
	}
	if cause.Of(err) == cause.Internal {
		return err.Error()
	}
	return ""
}

func endOf(entry string, err error) Event {
	return Event{Time: time.Now(), Entry: entry, Phase: dialup.PhaseDown.String(), End: FailureOf(err)}
}

// emit tells a report, where it says anything.
func (a *Agent) emit(entry string, r dialup.Report) {
	ev := Event{Time: time.Now(), Entry: entry, Phase: r.Phase.String()}
	ev.Text, ev.Detail = textOf(r)
	ev.Detail = ev.Detail && ev.Phase == ""
	if ev.Phase != "" || ev.Text != "" {
		a.events.send(ev)
	}
}

func (a *Agent) emitText(entry, format string, args ...any) {
	a.events.send(Event{Time: time.Now(), Entry: entry, Text: fmt.Sprintf(format, args...)})
}

// textOf words a report; detail says that only a fault makes it interesting.
func textOf(r dialup.Report) (text string, detail bool) {
	switch {
	case r.Err != nil:
		return r.Err.Error(), false
	case r.Step.Name != "":
		return textOfStep(r.Step)
	}
	switch ev := r.Event.(type) {
	case ppp.LinkOpened:
		return fmt.Sprintf("LCP open, peer's MRU %d", ev.Framing.MRU), true
	case ppp.Authenticated:
		if ev.Peer {
			return fmt.Sprintf("%q logged in by %s", ev.Name, ev.Method), false
		}
		return fmt.Sprintf("logged in as %q by %s", ev.Name, ev.Method), false
	case ppp.EncryptionUp:
		return "encrypted: MPPE " + ev.Mode.String(), false
	case ppp.EncryptionDown:
		return "encryption down", true
	case ppp.IPv4Up:
		return fmt.Sprintf("address %v, peer %v%s", ev.Local, ev.Remote, serverText(ev.DNS)), false
	case ppp.IPv6Up:
		return "IPv6 interface identifiers agreed on", true
	case ppp.PeerIdentified:
		return "peer says: " + ev.Text, true
	}
	// ppp.Closed is told with the end: the link may know better why.
	return "", false
}

// textOfStep words a device's step.
func textOfStep(s dialup.Step) (text string, detail bool) {
	switch s.Name {
	case "begin", "target", "connect":
		return s.Text, false
	case "resolve":
		return "resolving " + s.Text, true
	}
	return strings.TrimSpace(s.Name + " " + hideAT(s.Text)), true
}

func serverText(addrs []netip.Addr) string {
	if len(addrs) == 0 {
		return ""
	}
	return ", name servers " + joined(addrs)
}
