package agent

import (
	"encoding/binary"
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

// Tags of Wireshark's exported PDUs (epan/exported_pdu.h).
const (
	pduEnd        = 0
	pduDissector  = 12
	pduTable      = 14
	pduSource     = 20 // IPv4
	pduTarget     = 21
	pduPortType   = 24 // 2 = TCP
	pduSourcePort = 25
	pduTargetPort = 26
	pduTableValue = 32
)

func appendTag(b []byte, tag uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, tag)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}

func appendNumberTag(b []byte, tag uint16, n uint32) []byte {
	return appendTag(b, tag, binary.BigEndian.AppendUint32(nil, n))
}

// modemText adds a line of the dialogue with a modem.
func (s *captures) modemText(entry string, sent bool, text string) {
	if s.none() {
		return
	}
	tags := appendTag(nil, pduDissector, []byte("at\x00\x00"))
	tags = appendTag(tags, pduEnd, nil)
	switch text = hideAT(text); {
	case !sent:
		text += "\r\n"
	case text != "+++": // the escape sequence stands alone
		text += "\r"
	}
	s.each(entry, func(c *Capture) { c.add(entry, kindAT, time.Now(), sent, "", [3][]byte{tags, []byte(text)}) })
}

// control adds a message of a PPTP control connection.
func (s *captures) control(entry string, m vpn.ControlMessage) {
	if s.none() {
		return
	}
	from, to := m.From.Addr().As4(), m.To.Addr().As4()
	tags := appendTag(nil, pduTable, []byte("tcp.port"))
	tags = appendNumberTag(tags, pduTableValue, 1723)
	tags = appendTag(tags, pduSource, from[:])
	tags = appendTag(tags, pduTarget, to[:])
	tags = appendNumberTag(tags, pduPortType, 2)
	tags = appendNumberTag(tags, pduSourcePort, uint32(m.From.Port()))
	tags = appendNumberTag(tags, pduTargetPort, uint32(m.To.Port()))
	tags = appendTag(tags, pduEnd, nil)
	s.each(entry, func(c *Capture) { c.add(entry, kindPPTP, time.Now(), m.Sent, "", [3][]byte{tags, m.Bytes}) })
}
