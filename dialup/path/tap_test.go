package path

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// tapped is what a tap saw.
type tapped struct {
	sent, unread bool
	p            ppp.Protocol
	info         []byte
}

type memTap struct{ seen []tapped }

func (m *memTap) Frame(_ time.Time, sent, unread bool, p ppp.Protocol, head, rest []byte) {
	m.seen = append(m.seen, tapped{sent, unread, p, append(bytes.Clone(head), rest...)})
}
func (m *memTap) Packet(time.Time, bool, []byte, []byte) {}

func (m *memTap) data(p ppp.Protocol, sent bool) (list [][]byte) {
	for _, s := range m.seen {
		if s.p == p && s.sent == sent {
			list = append(list, s.info)
		}
	}
	return list
}

// TestTap: what one end sends is what it shows and what the other shows as
// received, in clear, whatever goes over the wire; and then nobody looks any
// more.
func TestTap(t *testing.T) {
	for name, policy := range map[string]ppp.Policy{"clear": ppp.Deny, "encrypted": ppp.Require} {
		for _, batches := range []bool{false, true} {
			t.Run(fmt.Sprint(name, batches), func(t *testing.T) {
				ca, cb := callerConfig(), answererConfig()
				ca.Encryption, cb.Encryption = policy, policy
				r := newRig(t, ca, cb)
				if batches {
					r.a.Link.wire, r.b.Link.wire = batchWire{r.a.wire}, batchWire{r.b.wire}
				}
				var a, b memTap
				r.a.SetTap(&a)
				r.b.SetTap(&b)
				r.up()
				var packets [][]byte
				for n := range uint32(5) {
					packets = append(packets, packet4(n, 60+300*int(n))) // short ones are copied, long ones referred to
				}
				if got := r.send(r.a, r.b, packets...); len(got) != len(packets) {
					t.Fatalf("%d packets arrived", len(got))
				}
				r.send(r.b, r.a, packet6(9, 1000))
				alike(t, "sent", a.data(ppp.ProtoIPv4, true), packets)
				alike(t, "received", b.data(ppp.ProtoIPv4, false), packets)
				alike(t, "IPv6", a.data(ppp.ProtoIPv6, false), [][]byte{packet6(9, 1000)})
				for _, p := range []ppp.Protocol{ppp.ProtoLCP, ppp.ProtoCHAP, ppp.ProtoIPCP} {
					if len(a.data(p, true)) == 0 {
						t.Errorf("nothing sent of %x", p)
					}
					alike(t, fmt.Sprintf("%x", p), b.data(p, false), a.data(p, true))
					alike(t, fmt.Sprintf("%x", p), a.data(p, false), b.data(p, true))
				}
				if ccp := len(a.data(ppp.ProtoCCP, true)) > 0; ccp != (policy == ppp.Require) {
					t.Errorf("CCP: %v", ccp)
				}
				if policy == ppp.Require { // what nobody can read is shown as it came
					r.b.Input(r.now, frame(ppp.ProtoCompressed, []byte{0x90, 0, 1, 2, 3}))
					if s := b.seen[len(b.seen)-1]; !s.unread && len(b.data(ppp.ProtoCompressed, false)) == 0 {
						t.Errorf("what was not decrypted is shown as %+v", s)
					}
				}
				r.a.SetTap(nil)
				n := len(a.seen)
				r.send(r.a, r.b, packet4(1, 100))
				r.a.Close(r.now, cause.UserRequest)
				r.deliver()
				if len(a.seen) != n {
					t.Error("it looks on after it was taken away")
				}
			})
		}
	}
}

func alike(t *testing.T, what string, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d, want %d", what, len(got), len(want))
		return
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("%s, number %d: % x, want % x", what, i, got[i], want[i])
		}
	}
}
