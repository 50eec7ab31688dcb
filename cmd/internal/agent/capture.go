package agent

import (
	"io"
	"sync"
	"time"

	"dun/dialup/cause"
	"dun/dialup/pcapng"
	"dun/dialup/ppp"
	"dun/vpn"
)

const (
	// captureRoom is how many octets of a capture wait for its reader, and as
	// many again are on their way to it. What comes when it is full is lost,
	// and counted.
	captureRoom = 256 << 10
	// maxCaptures bounds the memory of all.
	maxCaptures = 4
	// maxFaces bounds the interfaces of a capture of a server, which has some
	// for each call; calls beyond share theirs.
	maxFaces = 256
)

// hiddenNote stands in every capture.
const hiddenNote = "Passwords of PAP, and PINs and passwords in AT commands, are replaced by asterisks or <hidden>. " +
	"All else is as it was: log-ins by CHAP can be attacked with it, and data frames were written after decryption."

// Capture is what passes an entry's connections as a pcapng stream. Packets
// are added by packet loops and others, which never wait; Copy takes them out.
type Capture struct {
	agent *Agent
	entry string
	snap  int
	ready chan struct{} // has a token when there is something for Copy

	mu      sync.Mutex
	pending []byte // whole blocks
	faces   []face
	ended   bool
}

// kind is what an interface of a capture shows.
type kind uint8

const (
	kindPPP kind = iota
	kindGRE
	kindPPTP
	kindAT
	kinds
)

// kindTable describes the interfaces.
var kindTable = [kinds]struct {
	name, text string
	link       pcapng.LinkType
}{
	{"ppp", "PPP frames, data after decryption", pcapng.LinkPPP},
	{"gre", "GRE packets of the tunnel", pcapng.LinkIPv4},
	{"pptp", "PPTP control connection", pcapng.LinkUpperPDU},
	{"at", "dialogue with the modem", pcapng.LinkUpperPDU},
}

// face is one interface of a capture.
type face struct {
	entry             string
	kind              kind
	received, dropped uint64
}

// Capture begins a capture of an entry, or with "server" of all that is
// answered; of each packet snap octets, 0 = all. It ends with Finish, with the
// agent, and when the entry's connection has ended and the agent does not dial
// it again. End it with Copy.
func (a *Agent) Capture(entry string, snap int) (*Capture, error) {
	if err := a.traceable(entry); err != nil {
		return nil, err
	}
	if snap < 0 || snap > 0 && snap < 16 {
		return nil, cause.New(cause.Usage, "a snap length of %d octets; at least 16 make sense, 0 is all", snap)
	}
	c := &Capture{agent: a, entry: entry, snap: snap, ready: make(chan struct{}, 1), pending: make([]byte, 0, captureRoom)}
	c.pending = pcapng.AppendSection(c.pending, "dun "+a.cfg.Version, hiddenNote)
	c.ready <- struct{}{}
	return c, a.captures.add(c)
}

// Finish ends the capture; what waits can still be taken out.
func (c *Capture) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	now := time.Now()
	for i, f := range c.faces {
		c.pending = pcapng.AppendStatistics(c.pending, i, now, f.received, f.dropped)
	}
	c.ring()
}

// Copy writes the capture to w until its end. An error is w's.
func (c *Capture) Copy(w io.Writer) error {
	defer c.agent.captures.remove(c)
	spare := make([]byte, 0, captureRoom)
	for range c.ready {
		c.mu.Lock()
		blocks, ended := c.pending, c.ended
		c.pending = spare[:0]
		c.mu.Unlock()
		if len(blocks) > 0 {
			if _, err := w.Write(blocks); err != nil {
				return err
			}
		}
		if spare = blocks; ended {
			return nil
		}
	}
	return nil
}

// ring tells Copy that there is something; c.mu is held.
func (c *Capture) ring() {
	select {
	case c.ready <- struct{}{}:
	default:
	}
}

// wants reports whether what is of entry belongs into the capture.
func (c *Capture) wants(entry string) bool { return IsOf(Event{Entry: entry}, c.entry) }

// add adds a packet on an interface of entry, if there is room for it.
func (c *Capture) add(entry string, k kind, now time.Time, sent bool, comment string, pieces [3][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	i := c.faceLocked(entry, k)
	f := &c.faces[i]
	f.received++
	p := pcapng.Packet{Interface: i, Time: now, Sent: sent, Data: pieces, Comment: comment}
	size := 0
	for i, piece := range p.Data {
		n := len(piece)
		if c.snap > 0 {
			n = min(n, c.snap-size)
			p.Data[i] = piece[:n]
			p.Cut += len(piece) - n
		}
		size += n
	}
	const around = 80 // of a block, without its packet and comment
	if len(c.pending)+size+len(comment)+around > captureRoom {
		f.dropped++
		return
	}
	c.pending = pcapng.AppendPacket(c.pending, p)
	c.ring()
}

// faceLocked finds an interface, or adds it.
func (c *Capture) faceLocked(entry string, k kind) int {
	if len(c.faces) >= maxFaces {
		entry = serverEntry
	}
	for i := len(c.faces) - 1; i >= 0; i-- {
		if f := &c.faces[i]; f.kind == k && f.entry == entry {
			return i
		}
	}
	c.faces = append(c.faces, face{entry: entry, kind: k})
	t := &kindTable[k]
	c.pending = pcapng.AppendInterface(c.pending, t.link, c.snap, entry+" "+t.name, t.text)
	return len(c.faces) - 1
}

// tap is the captures of one link (path.Tap).
type tap struct {
	entry    string
	captures []*Capture
}

// Frame adds a PPP frame.
func (t *tap) Frame(now time.Time, sent, unread bool, p ppp.Protocol, head, rest []byte) {
	lead := [5]byte{0, 0xff, 0x03, byte(p >> 8), byte(p)}
	if sent {
		lead[0] = 1
	}
	if p == ppp.ProtoPAP || p == ppp.ProtoLCP { // these come in one piece
		if hidden, is := ppp.HidePassword(append(lead[1:5:5], head...)); is {
			head = hidden[4:]
		}
	}
	comment := ""
	if unread {
		comment = "could not be decrypted"
	}
	for _, c := range t.captures {
		c.add(t.entry, kindPPP, now, sent, comment, [3][]byte{lead[:], head, rest})
	}
}

// Packet adds a packet of the carrier.
func (t *tap) Packet(now time.Time, sent bool, head, frame []byte) {
	frame, _ = ppp.HidePassword(frame)
	for _, c := range t.captures {
		c.add(t.entry, kindGRE, now, sent, "", [3][]byte{head, frame})
	}
}

// Tags of Wireshark's exported PDUs (epan/exported_pdu.h), each with its length:
// a dissector, or a table of dissectors and the number in it; addresses, kind of
// port, and ports; the end.
const (
	pduDissectorAT = "\x00\x0c\x00\x04at\x00\x00"
	pduPPTP        = "\x00\x0e\x00\x08tcp.port" + "\x00\x20\x00\x04\x00\x00\x06\xbb"
	pduSource      = "\x00\x14\x00\x04"
	pduTarget      = "\x00\x15\x00\x04"
	pduTCP         = "\x00\x18\x00\x04\x00\x00\x00\x02"
	pduSourcePort  = "\x00\x19\x00\x04\x00\x00"
	pduTargetPort  = "\x00\x1a\x00\x04\x00\x00"
	pduEnd         = "\x00\x00\x00\x00"
)

// modemText adds a line of the dialogue with a modem.
func (s *captures) modemText(entry string, sent bool, text string) {
	if s.none() {
		return
	}
	switch text = hideAT(text); {
	case !sent:
		text += "\r\n"
	case text != "+++": // the escape sequence stands alone
		text += "\r"
	}
	pdu := []byte(pduDissectorAT + pduEnd + text)
	s.each(entry, func(c *Capture) { c.add(entry, kindAT, time.Now(), sent, "", [3][]byte{pdu}) })
}

// control adds a message of a PPTP control connection.
func (s *captures) control(entry string, m vpn.ControlMessage) {
	if s.none() {
		return
	}
	from, to := m.From.Port(), m.To.Port()
	pdu := append([]byte(pduPPTP+pduSource), m.From.Addr().AsSlice()...)
	pdu = append(append(pdu, pduTarget...), m.To.Addr().AsSlice()...)
	pdu = append(append(pdu, pduTCP+pduSourcePort...), byte(from>>8), byte(from))
	pdu = append(append(pdu, pduTargetPort...), byte(to>>8), byte(to))
	pdu = append(pdu, pduEnd...)
	s.each(entry, func(c *Capture) { c.add(entry, kindPPTP, time.Now(), m.Sent, "", [3][]byte{pdu, m.Bytes}) })
}
