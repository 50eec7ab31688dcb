package modem

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/hdlc"
	"dun/dialup/path"
	"dun/dialup/ppp"
	"dun/modem/modemtest"
)

// peer is the far end of a call, as the test's own.
type peer struct {
	t    *testing.T
	conn io.ReadWriteCloser
	rx   *hdlc.Decoder
	in   []byte
}

// newPeerCall dials a peer and starts a link in a loop.
func newPeerCall(t *testing.T, cfg func(*Config)) (*end, *peer) {
	t.Helper()
	x := newExchange(t)
	conns := make(chan io.ReadWriteCloser, 1)
	x.Set("1", modemtest.Number{Party: modemtest.Handler(func(ctx context.Context, conn io.ReadWriteCloser) {
		conns <- conn
		<-ctx.Done()
	})})
	_, c := newModem(t, x, modemtest.Config{NoText: true})
	if cfg != nil {
		cfg(&c)
	}
	link, err := New(c).Dial(testContext(t), "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, conn: <-conns, rx: hdlc.NewDecoder(2000)}
	p.rx.SetACCM(0)
	e := newEnd(t, newLoop(t), link, false, 0)
	t.Cleanup(func() {
		p.conn.Close()
		e.loop.Do(func(time.Time) { e.loop.Remove(e.path) })
		link.Close(testContext(t), cause.UserRequest)
	})
	return e, p
}

// frame reads the next frame of protocol p.
func (p *peer) frame(want ppp.Protocol) []byte {
	p.t.Helper()
	for {
		for f, rest, ok := p.rx.Next(p.in); ok; f, rest, ok = p.rx.Next(rest) {
			p.in = rest
			if got, _, ok := ppp.ParseHeader(f); ok && got == want {
				return f
			}
		}
		p.in = make([]byte, 4096)
		n, err := p.conn.Read(p.in)
		p.in = p.in[:n]
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// send sends one frame through the wire of e.
func (e *end) send(frame []byte) (err error) {
	e.loop.Do(func(now time.Time) {
		b := path.NewBuffer(4096, 64)
		b.SetLen(copy(b.Room(), frame))
		err = e.link.Wire().Send(now, b)
	})
	return err
}

// What LCP agreed on goes for all frames but LCP's own.
func TestFraming(t *testing.T) {
	e, p := newPeerCall(t, nil)
	ip := append([]byte{0x00, 0x21}, bytes.Repeat([]byte{0x11, 0x7e, 0x7d, 0xff}, 300)...)
	ccp := []byte{0x80, 0xfd, 1, 1, 0, 4}
	lcp := []byte{0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4}
	ident := []byte{0xc0, 0x21, 12, 1, 0, 8, 1, 2, 3, 4}
	for _, c := range []struct {
		f                   ppp.Framing
		ip, ccp, lcp, ident []byte // in front of what the frame begins with
		drop                int    // of ip
	}{
		{ppp.DefaultFraming, []byte{0xff, 3}, []byte{0xff, 3}, []byte{0xff, 3}, []byte{0xff, 3}, 0},
		{ppp.Framing{ACFC: true}, nil, nil, nil, nil, 0},
		{ppp.Framing{PFC: true}, []byte{0xff, 3}, []byte{0xff, 3}, []byte{0xff, 3}, []byte{0xff, 3}, 1},
		{ppp.Framing{PFC: true, ACFC: true}, nil, nil, nil, nil, 1},
	} {
		e.loop.Do(func(time.Time) { e.link.Wire().SetFraming(c.f) })
		for _, f := range []struct {
			sent, head []byte
			drop       int
		}{{ip, c.ip, c.drop}, {ccp, c.ccp, 0}, {lcp, c.lcp, 0}, {ident, c.ident, 0}} {
			sent := append([]byte(nil), f.sent...)
			if err := e.send(sent); err != nil {
				t.Fatal(err)
			}
			proto := ppp.Protocol(f.sent[0])<<8 | ppp.Protocol(f.sent[1])
			got := p.frame(proto)
			for proto == ppp.ProtoLCP && got[len(got)-len(f.sent)+2] != f.sent[2] {
				got = p.frame(proto) // the session's own Configure-Requests
			}
			if want := append(append([]byte(nil), f.head...), f.sent[f.drop:]...); !bytes.Equal(got, want) {
				t.Errorf("%+v: got % x, want % x", c.f, got, want)
			}
		}
	}
	// Codes 1 to 7 of LCP as if nothing had been agreed.
	request := []byte{0xc0, 0x21, 7, 9, 0, 4}
	e.send(request)
	for {
		got := p.frame(ppp.ProtoLCP)
		if got[len(got)-4] == 7 {
			if !bytes.Equal(got, append([]byte{0xff, 3}, request...)) {
				t.Errorf("Code-Reject went out as % x", got)
			}
			break
		}
	}
}

// A line that stands still takes a bounded amount, and says so early.
func TestBackPressure(t *testing.T) {
	e, p := newPeerCall(t, func(c *Config) { c.Queue = 3000 })
	frame := append([]byte{0x00, 0x21}, make([]byte, 1400)...)
	frame[2], frame[3] = 0x45, 0x42 // marks ours
	w := e.link.(*link).wire
	ready := true
	sent := 0
	for ; ready && sent < 1000; sent++ {
		if err := e.send(frame); err != nil {
			t.Fatalf("frame %d: %v", sent, err)
		}
		e.loop.Do(func(time.Time) { ready = w.Ready() })
	}
	if sent == 1000 {
		t.Fatal("the wire is ready for ever")
	}
	e.loop.Do(func(time.Time) {
		if n := w.out.len(); n > 3000+2*1410+8 {
			t.Errorf("%d octets wait", n)
		}
	})
	// Control frames go on, up to the hard bound.
	control := 0
	for ; control < 1000; control++ {
		if err := e.send(frame); err != nil {
			if !errors.Is(err, errFull) {
				t.Fatal(err)
			}
			break
		}
	}
	if control < 2 || control == 1000 {
		t.Errorf("%d frames more were taken", control)
	}
	for range sent + control {
		p.frame(ppp.ProtoIPv4)
	}
	deadline := time.Now().Add(patience)
	for !ready && time.Now().Before(deadline) {
		e.loop.Do(func(time.Time) { ready = !w.full })
	}
	if !ready {
		t.Error("the wire does not become ready again")
	}
	seen := map[string]uint64{}
	e.loop.Do(func(time.Time) { w.Counters(func(name string, n uint64) { seen[name] = n }) })
	if seen["queue-refused"] != 1 || seen["octets-out"] < uint64((sent+control)*1400) {
		t.Errorf("counters %v", seen)
	}
}

// The same text means one thing on an idle line and another in a frame.
func TestNoCarrierText(t *testing.T) {
	text := "\r\nNO CARRIER\r\n"
	for _, c := range []struct {
		name string
		in   []string
		want bool
	}{
		{"alone", []string{text}, true},
		{"in pieces", []string{"~frame~\r", "\nNO", " CAR", "RIER\r", "\n"}, true},
		{"CR only", []string{"\rNO CARRIER\r"}, true},
		{"in the middle of a frame", []string{"~}!half a fr" + text}, true},
		{"then RING", []string{text, "\r\nRING\r\n"}, true},
		{"with other lines before", []string{"\r\nCARRIER LOST\r\n\r\nNO" + text}, true},
		{"within a frame", []string{"~data" + text + "more~"}, false},
		{"within a frame, in pieces", []string{"~data\r\nNO CARRIER", "\r\n", "more~"}, false},
		{"as a part of a line", []string{"NO CARRIER\r\n", "\r\nNO CARRIERS\r\n", "\r\nno NO CARRIER\r\n"}, false},
		{"not finished", []string{"\r\nNO CARRIER"}, false},
		{"other", []string{"\r\nNNO CARRIER\r\n", "\r\nNO  CARRIER\r\n"}, false},
	} {
		var s noCarrier
		now := time.Unix(1000, 0)
		for _, b := range c.in {
			s.scan(now, []byte(b))
			if s.due(now) {
				t.Errorf("%s: counts at once", c.name)
			}
			now = now.Add(10 * time.Millisecond)
		}
		if got := s.due(now.Add(noCarrierSilence)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// FuzzNoCarrier holds the scanner, fed in pieces, against a search in the whole.
func FuzzNoCarrier(f *testing.F) {
	f.Add([]byte("~x\r\nNO CARRIER\r\n"), uint8(3))
	f.Add([]byte("\rNO CARRIER\rNO CARRIER\r~\nNO CARRIER\n"), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		var s noCarrier
		for rest := b; len(rest) > 0; {
			n := min(len(rest), int(piece)+1)
			s.scan(time.Unix(1, 0), rest[:n])
			rest = rest[n:]
		}
		want := false
		ends := bytes.ReplaceAll(b, []byte{'\n'}, []byte{'\r'})
		if i := bytes.LastIndexByte(ends, hdlcFlag); i >= 0 {
			// A text that begins in a frame is none of ours.
			ends = ends[i+1:]
		}
		want = bytes.Contains(ends, []byte("\rNO CARRIER\r"))
		if got := s.due(time.Unix(100, 0)); got != want {
			t.Fatalf("%q in pieces of %d: %v, want %v", b, piece+1, got, want)
		}
	})
}

func TestNoAllocations(t *testing.T) {
	e, p := newPeerCall(t, nil)
	go io.Copy(io.Discard, p.conn)
	w := e.link.(*link).wire
	b := path.NewBuffer(2048, 0)
	var line []byte
	e.loop.Do(func(now time.Time) {
		w.SetFraming(ppp.Framing{PFC: true, ACFC: true})
		if n := testing.AllocsPerRun(100, func() {
			b.Reset(0)
			b.SetLen(1402)
			copy(b.Bytes(), []byte{0, 0x21, 0x45})
			w.out.head = w.out.tail
			w.waiting = true // encode only
			w.Send(now, b)
		}); n != 0 {
			t.Errorf("%v allocations to send", n)
		}
		line = append(line, w.out.bytes()...)
		w.out.head, w.waiting = w.out.tail, false
		link := w.link
		w.link = path.NewLink(path.LinkConfig{})
		if n := testing.AllocsPerRun(100, func() { w.take(now, line[:len(line)-1]) }); n != 0 {
			t.Errorf("%v allocations to receive", n)
		}
		w.link = link
	})
}

func TestOutput(t *testing.T) {
	o := output{buf: make([]byte, 10)}
	put := func(s string) bool {
		if !o.room(len(s)) {
			return false
		}
		o.put(append(o.end(), s...))
		return true
	}
	if !put("123456") || put("78901") || !put("7890") || put("x") {
		t.Fatal("bounds")
	}
	o.head += 4
	if !put("abc") || string(o.bytes()) != "567890abc" || put("xy") {
		t.Fatalf("%q waits", o.bytes())
	}
	o.head = o.tail
	if !put("0123456789") || o.len() != 10 {
		t.Fatalf("%q waits", o.bytes())
	}
}

// fakeLines are modem control lines of a port that has none.
type fakeLines struct {
	bits    int
	wired   bool // DTR ends the call
	dropped int
	rises   int // carrier detect comes on at this look
}

func (f *fakeLines) get() (int, error) {
	if f.rises--; f.rises == 0 {
		f.bits |= unix.TIOCM_CD
	}
	return f.bits, nil
}
func (f *fakeLines) set(bit int, on bool) error {
	if !on && bit == unix.TIOCM_DTR {
		f.dropped++
		if f.wired {
			f.bits &^= unix.TIOCM_CD
		}
	}
	return nil
}

// Carrier detect, where it means something, tells of a lost carrier.
func TestCarrierDetect(t *testing.T) {
	e, _ := newPeerCall(t, nil)
	lines := &fakeLines{bits: unix.TIOCM_CD}
	w := e.link.(*link).wire
	e.loop.Do(func(now time.Time) {
		w.port.lines, w.carrier, w.nextLook = lines, true, now
		w.HandleTimeout(now)
		if w.down {
			t.Error("lost while carrier detect is on")
		}
		lines.bits = 0
		if at, ok := w.PollTimeout(); !ok || at.After(now.Add(carrierInterval)) {
			t.Errorf("the next look is at %v, %v", at, ok)
		}
		w.HandleTimeout(now.Add(carrierInterval))
	})
	if c := wait[ppp.Closed](e); c.Cause != cause.CarrierLost {
		t.Errorf("%+v", c)
	}
}

// Carrier detect is watched only where it rose with the call.
func TestCarrierRises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := &fakeLines{rises: 5}
		for name, c := range map[string]struct {
			lines lines
			want  bool
		}{
			"none": {nil, false}, "on": {&fakeLines{bits: unix.TIOCM_CD}, true}, "not wired": {&fakeLines{}, false}, "late": {late, true},
		} {
			if got, err := carrierRises(t.Context(), &port{lines: c.lines}); got != c.want || err != nil {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := carrierRises(ctx, &port{lines: &fakeLines{}}); err == nil {
			t.Error("cancelled, but waited")
		}
	})
}

func TestHangUpByDTR(t *testing.T) {
	for _, c := range []struct {
		name     string
		bits     int
		wired    bool
		how      HangUp
		ath      bool
		wantDrop int
	}{
		{"wired", unix.TIOCM_CD, true, HangUpAuto, false, 1},
		{"not wired", unix.TIOCM_CD, false, HangUpAuto, true, 1},
		{"without carrier detect", 0, true, HangUpAuto, true, 1},
		{"DTR only", 0, true, HangUpDTR, false, 1},
		{"escape only", unix.TIOCM_CD, true, HangUpEscape, true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := newExchange(t)
			x.Set("1", modemtest.Number{Party: modemtest.Echo()})
			m, cfg := newModem(t, x, modemtest.Config{})
			cfg.HangUp, cfg.DTRTime = c.how, time.Millisecond
			cfg.Profile.SyncTimeout = 200 * time.Millisecond
			k, err := New(cfg).Dial(testContext(t), "1", nil)
			if err != nil {
				t.Fatal(err)
			}
			lines := &fakeLines{bits: c.bits, wired: c.wired}
			k.(*link).port.lines = lines
			if err := k.Close(testContext(t), cause.UserRequest); err != nil {
				t.Error(err)
			}
			commands := m.Commands()
			if ath := commands[len(commands)-1] == "ATH"; ath != c.ath || lines.dropped != c.wantDrop {
				t.Errorf("DTR was dropped %d times, commands %q", lines.dropped, commands)
			}
			wantUnlocked(t, cfg)
		})
	}
}
