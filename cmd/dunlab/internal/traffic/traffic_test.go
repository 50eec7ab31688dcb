package traffic

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestStreamIsTheSameEverywhere(t *testing.T) {
	b, _ := io.ReadAll(Stream(7, 16))
	const want = "f7eb474179f73a6b62ec655ef2bdd335"
	if got := hex.EncodeToString(b); got != want {
		t.Errorf("stream of seed 7 = %s, want %s", got, want)
	}
	c, _ := io.ReadAll(Stream(8, 16))
	if bytes.Equal(b, c) {
		t.Error("two seeds give one stream")
	}
	if Sum(7, 1000) == Sum(7, 1001) {
		t.Error("the sum does not see the length")
	}
}

func TestProgress(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	p := NewProgress(at(0))
	p.Add(at(2), 10)
	p.Add(at(9), 5)
	p.Add(at(10), 0) // nothing passed
	if p.Octets != 15 || p.Longest != 7*time.Second || p.Stalled(at(13)) != 4*time.Second {
		t.Errorf("%+v, stalled %v", p, p.Stalled(at(13)))
	}
}

func serve(t *testing.T, via func(net.Conn) net.Conn) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, bending{l, via}, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// bending changes each connection that it accepts.
type bending struct {
	net.Listener
	via func(net.Conn) net.Conn
}

func (b bending) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if err == nil && b.via != nil {
		c = b.via(c)
	}
	return c, err
}

func TestTransfer(t *testing.T) {
	addr := serve(t, nil)
	for _, way := range []string{Download, Upload} {
		for _, size := range []int64{0, 1, 300_000} {
			r, err := Transfer(t.Context(), addr, Request{way, size, 42})
			if err != nil || r.Size != size || r.Sum != Sum(42, size) || r.Way != way {
				t.Errorf("%s %d: %+v, %v", way, size, r, err)
			}
		}
	}
}

// damaging turns one bit of what the server sends or takes.
type damaging struct {
	net.Conn
	at, seen int
}

func (d *damaging) Write(b []byte) (int, error) { return d.Conn.Write(d.turn(bytes.Clone(b))) }

func (d *damaging) turn(b []byte) []byte {
	if i := d.at - d.seen; i >= 0 && i < len(b) {
		b[i] ^= 0x10
	}
	d.seen += len(b)
	return b
}

func TestTransferSeesOneDamagedBit(t *testing.T) {
	addr := serve(t, func(c net.Conn) net.Conn { return &damaging{Conn: c, at: 5000} })
	_, err := Transfer(t.Context(), addr, Request{Download, 10_000, 42})
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("damaged download: %v", err)
	}
}

func TestTransferSeesAShortStream(t *testing.T) {
	addr := serve(t, func(c net.Conn) net.Conn {
		return cutting{c}
	})
	_, err := Transfer(t.Context(), addr, Request{Download, 100_000, 42})
	if err == nil {
		t.Error("a cut download passes")
	}
}

type cutting struct{ net.Conn }

func (c cutting) Write(b []byte) (int, error) {
	n, _ := c.Conn.Write(b[:len(b)/2])
	c.Conn.Close()
	return n, io.ErrClosedPipe
}

func TestRequestIsChecked(t *testing.T) {
	for _, q := range []Request{{"sideways", 1, 1}, {Download, -1, 1}, {Upload, MaxSize + 1, 1}} {
		if q.check() == nil {
			t.Errorf("%+v passes", q)
		}
	}
}

func TestRate(t *testing.T) {
	if r := (Result{Size: 3000, Took: 1500 * time.Millisecond}).Rate(); r != 2000 {
		t.Error(r)
	}
	if r := (Result{Size: 3000}).Rate(); r != 0 {
		t.Error(r)
	}
}

func TestEcho(t *testing.T) {
	b := echo{echoRequest, 0x1234, 7, []byte("odd")}.append(nil)
	e, err := parseEcho(b)
	if err != nil || e.id != 0x1234 || e.seq != 7 || string(e.data) != "odd" {
		t.Fatalf("%+v, %v", e, err)
	}
	for i := range b {
		b[i] ^= 1
		if _, err := parseEcho(b); err == nil {
			t.Errorf("octet %d damaged and not seen", i)
		}
		b[i] ^= 1
	}
	v6 := echo{echoRequestV6, 1, 2, []byte("x")}.append(nil)
	if e, err := parseEcho(v6); err != nil || e.typ != echoRequestV6 {
		t.Errorf("%+v, %v", e, err)
	}
	// RFC 1071, section 3, numerical example: the sum is ddf2.
	if c := checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); c != ^uint16(0xddf2) {
		t.Errorf("checksum %04x", c)
	}
}

func TestEchoLog(t *testing.T) {
	l := newEchoLog(4)
	for _, seq := range []int{0, 2, 2, 9, -1, 3} {
		l.add(seq, time.Duration(seq+1)*time.Millisecond)
	}
	r := l.result()
	if r.Sent != 4 || r.Received != 3 || r.Lost() != 1 || r.Duplicate != 1 ||
		r.Min != time.Millisecond || r.Max != 4*time.Millisecond || r.Avg != 8*time.Millisecond/3 {
		t.Errorf("%+v", r)
	}
}

func TestPing(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		r, err := Ping(t.Context(), netip.MustParseAddr(host), PingOptions{Count: 3, Interval: time.Millisecond, Wait: 5 * time.Second, Size: 56})
		if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EAFNOSUPPORT) {
			t.Logf("%s: %v", host, err) // raw sockets are for root; dunlab pings in namespaces
			continue
		}
		if err != nil || r.Lost() != 0 || r.Min <= 0 || r.Min > r.Max {
			t.Errorf("%s: %+v, %v", host, r, err)
		}
	}
}

func FuzzParseEcho(f *testing.F) {
	f.Add(echo{echoReply, 1, 2, []byte("data")}.append(nil))
	f.Add([]byte{8, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := parseEcho(b); err == nil && !bytes.Equal(e.append(nil)[4:], b[4:]) {
			t.Error("parsing and writing differ")
		}
	})
}

func TestPercentile(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(i+1))
	}
	for p, want := range map[int]time.Duration{50: 100, 99: 198, 100: 200} {
		if got := percentile(all, p); got != want {
			t.Errorf("%d: %v, want %v", p, got, want)
		}
	}
	if got := percentile(all[:1], 50); got != 1 {
		t.Errorf("of one: %v", got)
	}
}
