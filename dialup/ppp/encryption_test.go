package ppp

import (
	"dun/dialup/cause"
	"strings"
	"testing"
	"time"
)

func TestKeyDirection(t *testing.T) {
	a, b := callerConfig(1), answererConfig(1)
	a.Require, a.Users, a.Accept = []Auth{AuthMSCHAPv2}, userMap{"server": {Password: "other"}}, nil
	b.Require, b.Accept, b.Secret = nil, []Auth{AuthMSCHAPv2}, Secret{Password: "other"}
	r := newRig(t, a, b)
	r.open()
	mustUp(r)
	keysFit(t, r.a, r.b)
	k := r.a.Compressor().(*fakeCompressor).keys
	server := mppeSource{valid: true, master: r.a.auth.check.keys.master, server: true}
	if k != server.start(mode128) {
		t.Error("the caller, who authenticated the answerer, is RFC 3079's server")
	}
}

func TestRechallengeDoesNotRekey(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.openIPCP()
	before, compressor := p.s.Compressor().(*fakeCompressor).keys, p.s.Compressor()
	p.packet(ProtoCHAP, chapChallenge, 7, challengeA)
	f := p.want("[CHAP Response id=0x7 *")
	p.packet(ProtoCHAP, chapSuccess, 7, p.respond(f, challengeBytes, "alice", "secret"))
	if p.s.Compressor() != compressor || !p.s.Carries(ProtoIPv4) {
		t.Error("disturbed")
	}
	p.packet(ProtoCCP, codeConfReq, 2, bits128)
	p.ack(p.want("[CCP ConfReq *"))
	if k := p.s.Compressor(); k == nil || k == compressor || k.(*fakeCompressor).keys != before {
		t.Error("not a fresh compressor with the same start keys")
	}
}

func TestRenegotiatedLCPRekeys(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.ccpUp()
	before := p.s.Compressor().(*fakeCompressor).keys
	p.sent = nil
	p.packet(ProtoLCP, codeConfReq, 2, askV2+"050600000002")
	if p.s.Compressor() != nil || !p.open() {
		p.fatalf("still encrypted, or closed")
	}
	p.ack(p.want("[LCP ConfReq *"))
	p.want("[LCP ConfAck *")
	p.packet(ProtoCHAP, chapChallenge, 9, challengeA)
	f := p.want("[CHAP Response id=0x9 *")
	p.packet(ProtoCHAP, chapSuccess, 9, p.respond(f, challengeBytes, "alice", "secret"))
	p.ccpUp()
	if p.s.Compressor().(*fakeCompressor).keys == before {
		t.Error("old keys")
	}
	if _, n := event1[EncryptionDown](p); n != 1 {
		t.Errorf("%d times down", n)
	}
}

func TestEarlyCCP(t *testing.T) {
	p := play(t, encryptedCaller(Require, sl128))
	p.lcpUp(askV2)
	p.packet(ProtoCCP, codeConfReq, 1, bits128)
	p.quiet()
	p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
	f := p.want("[CHAP Response *")
	p.packet(ProtoCCP, codeConfReq, 1, bits128)
	p.quiet()
	if p.s.Status().Dropped.NotOpen != 2 {
		t.Error("not counted")
	}
	p.packet(ProtoCHAP, chapSuccess, 1, p.respond(f, challengeBytes, "alice", "secret"))
	p.ccpUp()
}

func TestEarlyIPCP(t *testing.T) {
	p := play(t, encryptedCaller(Require, sl128))
	p.lcpUp(askV2)
	p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
	f := p.want("[CHAP Response *")
	p.packet(ProtoIPCP, codeConfReq, 3, "03060a000009") // even before Success arrives
	p.packet(ProtoCHAP, chapSuccess, 1, p.respond(f, challengeBytes, "alice", "secret"))
	f = p.want("[CCP ConfReq *")
	p.quiet()
	p.packet(ProtoIPCP, codeConfReq, 4, "03060a000001")
	p.packet(ProtoIPCP, codeTermReq, 5, "") // dropped
	p.packet(ProtoIPCP, codeConfReq, 6, strings.Repeat("0200", 200))
	p.quiet()
	p.ack(f)
	p.packet(ProtoCCP, codeConfReq, 1, bits128)
	p.want("[CCP ConfAck *")
	p.want("[IPCP ConfReq *")
	p.want("[IPCP ConfAck id=0x4 <addr 10.0.0.1>]") // the newest that was kept
	p.quiet()
}

func TestNoKeys(t *testing.T) {
	for _, pol := range []Policy{Require, Prefer, Allow} {
		p := play(t, encryptedCaller(pol, sl128))
		p.lcpUp(askMD5)
		p.packet(ProtoCHAP, chapChallenge, 1, "04aabbccdd")
		p.want("[CHAP Response *")
		p.packet(ProtoCHAP, chapSuccess, 1, "")
		if pol == Require {
			if c := p.ends(cause.EncryptionRefused); !strings.Contains(c.Detail, "MS-CHAP") {
				t.Errorf("%q", c.Detail)
			}
			continue
		}
		p.openIPCP()
		p.packet(ProtoCCP, codeConfReq, 1, bits128)
		p.want("[CCP ConfReq id=0x1]")
		p.want("[CCP ConfRej id=0x1 <mppe *")
		p.packet(ProtoCCP, codeConfReq, 2, bitsNone)
		p.want("[CCP ConfAck id=0x2 *")
		p.packet(ProtoCCP, codeConfAck, 1, "")
		if p.s.Compressor() != nil || !p.s.Carries(ProtoIPv4) || !p.s.PlainAllowed() {
			t.Error("not in clear")
		}
	}
}

func TestRefused(t *testing.T) {
	ways := map[string]func(p *script){
		"Protocol-Reject": func(p *script) { p.packet(ProtoLCP, codeProtRej, 1, "80fd01010004") },
		"Reject":          func(p *script) { p.packet(ProtoCCP, codeConfRej, 1, bits128) },
		"Nak to none":     func(p *script) { p.packet(ProtoCCP, codeConfNak, 1, bitsNone) },
		"Terminate":       func(p *script) { p.packet(ProtoCCP, codeTermReq, 1, "") },
		"Code-Reject":     func(p *script) { p.packet(ProtoCCP, codeCodeRej, 1, "01010004") },
	}
	for name, refuse := range ways {
		t.Run(name, func(t *testing.T) {
			p := ccpCaller(t, Require, sl128)
			p.want("[CCP ConfReq *")
			refuse(p)
			for len(p.sent) > 0 && p.sent[0][0] == 0x80 {
				p.sent = p.sent[1:] // an Ack, or another request
			}
			p.ends(cause.EncryptionRefused)

			p = ccpCaller(t, Prefer, sl128)
			p.want("[CCP ConfReq *")
			p.quiet() // IPCP waits for the answer
			refuse(p)
			if len(p.sent) > 0 && p.sent[0][1] == 0xfd && p.sent[0][2] == codeConfReq {
				f := p.want("[CCP ConfReq id=0x2]")
				p.ack(f)
				p.packet(ProtoCCP, codeConfReq, 1, bitsNone)
				p.want("[CCP ConfNak *")
				p.packet(ProtoCCP, codeConfReq, 2, bitsNone)
				p.want("[CCP ConfAck id=0x2 *")
			} else if len(p.sent) > 0 && p.sent[0][1] == 0xfd {
				p.want("[CCP TermAck *")
			}
			p.openIPCP()
			if !p.s.PlainAllowed() || p.s.Compressor() != nil {
				t.Error("not in clear")
			}
		})
	}
}

func TestCCPSilence(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.wait(39 * time.Second)
	if !p.open() {
		t.Fatal("closed early")
	}
	p.wait(time.Minute)
	p.closed(cause.EncryptionTimeout)

	p = ccpCaller(t, Prefer, sl128)
	p.wait(21 * time.Second)
	for len(p.sent) > 0 && !matches(Format(p.sent[0]), "[IPCP *") {
		p.sent = p.sent[1:]
	}
	p.openIPCP()
	// It may still ask later.
	p.sent = nil
	p.packet(ProtoCCP, codeConfReq, 1, bits128)
	p.ccpUpAfter()
	if p.s.PlainAllowed() {
		t.Error("plain packets are still accepted")
	}
}

// ccpUpAfter answers our request where the peer's was acknowledged with it.
func (p *script) ccpUpAfter() {
	p.t.Helper()
	p.ack(p.want("[CCP ConfReq * <mppe +H -M +S -L -D -C>]"))
	p.want("[CCP ConfAck *")
	if p.s.Compressor() == nil {
		p.fatalf("no encryption")
	}
}

func TestEncryptionLost(t *testing.T) {
	for name, lose := range map[string]func(p *script){
		"Terminate":               func(p *script) { p.packet(ProtoCCP, codeTermReq, 9, ""); p.want("[CCP TermAck *") },
		"Protocol-Reject":         func(p *script) { p.packet(ProtoLCP, codeProtRej, 9, "80fd0101"); p.want("[CCP TermReq *") },
		"Protocol-Reject of data": func(p *script) { p.packet(ProtoLCP, codeProtRej, 9, "00fd9000"); p.want("[CCP TermReq *") },
		"request, then nothing":   func(p *script) { p.packet(ProtoCCP, codeConfReq, 9, bits128); p.wait(25 * time.Second) },
		"request, then a refusal": func(p *script) {
			p.packet(ProtoCCP, codeConfReq, 9, bits128)
			p.packet(ProtoCCP, codeConfRej, 2, bits128)
		},
		"request for none, always": func(p *script) { loseByAsking(p, bitsNone) },
		"request for 40, always":   func(p *script) { loseByAsking(p, bits40) },
		"pppd's words": func(p *script) {
			p.packet(ProtoLCP, codeTermReq, 9, "4d505045206e6f742075702061677961696e")
			p.want("[LCP TermAck *")
			p.wait(time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := ccpCaller(t, Require, sl128)
			p.ccpUp()
			p.openIPCP()
			p.events = nil
			lose(p)
			if p.s.Carries(ProtoIPv4) || p.s.PlainAllowed() {
				t.Error("still carries")
			}
			if name != "pppd's words" {
				for len(p.sent) > 0 && !matches(Format(p.sent[0]), "[LCP TermReq *") {
					p.sent = p.sent[1:]
				}
				p.ends(cause.EncryptionLost)
			} else {
				p.closed(cause.EncryptionLost)
			}
			if _, n := event1[EncryptionDown](p); n != 1 {
				t.Errorf("%d EncryptionDown", n)
			}
			if _, n := event1[IPv4Down](p); n != 1 {
				t.Errorf("%d IPv4Down", n)
			}
		})
	}
}

// pppd ends every encrypted link with these words, also when its user hangs up.
func TestPppdHangsUp(t *testing.T) {
	const mppeDisabled = "4d5050452064697361626c6564"
	p := ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.openIPCP()
	p.packet(ProtoLCP, codeTermReq, 9, mppeDisabled)
	p.want("[LCP TermAck *")
	p.wait(time.Second)
	p.closed(cause.PeerHangup)

	p = ccpCaller(t, Require, sl128) // to us it was not enabled yet
	p.packet(ProtoLCP, codeTermReq, 9, mppeDisabled)
	for len(p.sent) > 0 && !matches(Format(p.sent[0]), "[LCP TermAck *") {
		p.sent = p.sent[1:]
	}
	p.want("[LCP TermAck *")
	p.wait(time.Second)
	p.closed(cause.EncryptionLost)
}

func loseByAsking(p *script, bits string) {
	for i := range 100 {
		if !p.open() {
			return
		}
		p.packet(ProtoCCP, codeConfReq, uint8(20+i), bits)
		if p.s.Carries(ProtoIPv4) {
			p.fatalf("carries")
		}
		if p.s.ending {
			return
		}
	}
	p.fatalf("goes on for ever")
}

func TestRenegotiatedCCP(t *testing.T) {
	for _, pol := range []Policy{Require, Prefer, Allow} {
		p := ccpCaller(t, pol, sl128)
		if pol == Allow {
			p.openIPCP()
			p.packet(ProtoCCP, codeConfReq, 1, bits128)
			p.ccpUpAfter()
		} else {
			p.ccpUp()
			p.openIPCP()
		}
		before := p.s.Compressor()
		p.packet(ProtoCCP, codeConfReq, 5, bits128)
		if p.s.Carries(ProtoIPv4) || p.s.PlainAllowed() || p.s.Compressor() != nil {
			t.Error("carries in between")
		}
		p.ccpUpAfter()
		if now := p.s.Compressor(); now == nil || now == before || !p.s.Carries(ProtoIPv4) {
			t.Error("not up with a fresh compressor")
		}
		if _, n := event1[EncryptionUp](p); n != 2 || !p.open() {
			t.Errorf("%d EncryptionUp", n)
		}
		if _, n := event1[IPv4Down](p); n != 0 {
			t.Error("IPCP went down with CCP")
		}
	}
}

func TestPlainIsCounted(t *testing.T) {
	p := ccpCaller(t, Prefer, sl128)
	p.ccpUp()
	p.openIPCP()
	p.hear("0021 4500")
	p.hear("21 4500")
	if d := p.s.Status().Dropped; d.Unencrypted != 2 || p.s.PlainAllowed() {
		t.Errorf("%+v", d)
	}
	p.packet(ProtoCCP, codeTermReq, 9, "")
	if !p.s.PlainAllowed() || !p.s.Carries(ProtoIPv4) || !p.open() {
		t.Error("does not go on in clear")
	}
}

func TestWrongKeys(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.openIPCP()
	for range 10 {
		p.s.GarbageInside(p.now)
		p.wait(10 * time.Second)
		p.s.Heard(p.now)
	}
	if !p.open() || p.s.ending {
		t.Fatal("a few ended the link")
	}
	for range 20 {
		p.s.GarbageInside(p.now)
	}
	p.drain()
	p.sent = p.sent[len(p.sent)-1:]
	p.ends(cause.EncryptionKeys)

	p = ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.openIPCP()
	for i := range 20 {
		p.packet(ProtoLCP, codeProtRej, uint8(i), "0063 1234")
	}
	p.ends(cause.EncryptionKeys)
}

func TestV1Keys(t *testing.T) {
	a, b := callerConfig(1), answererConfig(1)
	a.Accept, b.Require = []Auth{AuthMSCHAPv2, AuthMSCHAP}, []Auth{AuthMSCHAP, AuthMSCHAPv2}
	a.MPPE, b.MPPE = []MPPEMode{sl40, sl128}, []MPPEMode{sl40, sl128}
	r := newRig(t, a, b)
	r.open()
	mustUp(r)
	keysFit(t, r.a, r.b)
	if st := r.a.Status(); st.Auth != AuthMSCHAP || st.Mode != sl128 {
		t.Errorf("%+v", st)
	}
}

// TestModesWithoutKeys: what was agreed on at log-in gives no keys for any mode.
func TestModesWithoutKeys(t *testing.T) {
	a, b := callerConfig(1), answererConfig(1)
	a.Accept, b.Require = []Auth{AuthMSCHAPv2, AuthMSCHAP}, []Auth{AuthMSCHAP, AuthMSCHAPv2}
	a.MPPE, b.MPPE = []MPPEMode{sl40}, []MPPEMode{sl40}
	r := newRig(t, a, b)
	r.open()
	if c := wantClosed(r, r.a, cause.EncryptionRefused); !strings.Contains(c.Detail, "128") {
		t.Errorf("%q", c.Detail)
	}
}

// TestNoCompressor: the mode that was agreed on cannot be had after all.
func TestNoCompressor(t *testing.T) {
	c := encryptedCaller(Require, sl128)
	c.NewCompressor = func(MPPEKeys) Compressor { return nil }
	p := play(t, c)
	p.v2Up()
	p.ack(p.want("[CCP ConfReq *"))
	p.packet(ProtoCCP, codeConfReq, 1, bits128)
	p.want("[CCP ConfAck *")
	p.ends(cause.EncryptionRefused)
}
