package ppp

import (
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
)

// encryptedCaller and encryptedAnswerer are scripted peers' partners with keys.
func encryptedCaller(p Policy, modes ...MPPEMode) Config {
	c := plainCaller()
	c.Encryption, c.MPPE, c.NewCompressor = p, modes, newFake
	return c
}

// ccpCaller plays a caller that has logged in and is about to speak CCP.
func ccpCaller(t *testing.T, pol Policy, modes ...MPPEMode) *script {
	t.Helper()
	p := play(t, encryptedCaller(pol, modes...))
	p.v2Up()
	return p
}

// ccpAnswerer plays an answerer whose caller has logged in.
func ccpAnswerer(t *testing.T, pol Policy, modes ...MPPEMode) *script {
	t.Helper()
	c := plainAnswerer()
	c.Require = []Auth{AuthMSCHAPv2}
	c.Encryption, c.MPPE, c.NewCompressor = pol, modes, newFake
	p := play(t, c)
	p.lcpUp(magicOne)
	f := p.want("[CHAP Challenge *")
	p.packet(ProtoCHAP, chapResponse, f[3], v2Response(f, "alice", "alice", "secret"))
	p.want("[CHAP Success *")
	return p
}

const (
	bits128   = "120601000040"
	bits128sf = "120600000040"
	bits40    = "120601000020"
	bits56    = "120601000080"
	bitsAll   = "1206010000e0"
	bitsWin   = "1206010000e1" // with MPPC, as Windows asks
	bitsNone  = "120600000000"
)

var (
	sl128 = MPPEMode{128, true}
	sf128 = MPPEMode{128, false}
	sl56  = MPPEMode{56, true}
	sl40  = MPPEMode{40, true}
)

// TestCCPVerdicts is the table of what becomes of the peer's option.
func TestCCPVerdicts(t *testing.T) {
	both := []MPPEMode{sl128, sf128, sl40}
	for _, c := range []struct {
		name    string
		policy  Policy
		modes   []MPPEMode
		options string
		answers []string // to the same request again and again
	}{
		{"exactly", Require, []MPPEMode{sl128}, bits128, []string{"ConfAck"}},
		{"all bits", Require, []MPPEMode{sl128}, bitsAll, []string{"ConfNak +H -M +S -L"}},
		{"Windows", Require, both, bitsWin, []string{"ConfNak +H -M +S -L -D -C"}},
		{"56 of all", Require, []MPPEMode{sl56, sl128}, bitsAll, []string{"ConfNak +H +M -S -L"}},
		{"too short a key", Require, []MPPEMode{sl128}, bits40, []string{"ConfNak +H -M +S", "ConfNak +H -M +S", "ConfNak", "ConfNak", "ConfNak", "ConfRej"}},
		{"short but listed", Require, both, bits40, []string{"ConfAck"}},
		{"stateful but better is listed", Require, both, bits128sf, []string{"ConfNak +H -M +S", "ConfAck"}},
		{"stateful is not listed", Require, []MPPEMode{sl128}, bits128sf, []string{"ConfNak +H -M +S -L", "ConfNak"}},
		{"obsolete bit", Require, []MPPEMode{sl128}, "120601000050", []string{"ConfNak +H -M +S -L -D -C"}},
		{"reserved bits", Require, []MPPEMode{sl128}, "1206ff00ff40", []string{"ConfNak +H -M +S -L -D -C]"}},
		{"none, required", Require, both, bitsNone, []string{"ConfNak +H -M +S -L", "ConfNak", "ConfNak", "ConfNak", "ConfNak", "ConfRej"}},
		{"nothing, required", Require, both, "", []string{"ConfNak +H -M +S -L", "ConfNak +H -M +S"}},
		{"none, preferred", Prefer, both, bitsNone, []string{"ConfNak +H -M +S -L", "ConfAck"}},
		{"nothing, preferred", Prefer, both, "", []string{"ConfNak +H -M +S -L", "ConfAck"}},
		{"MPPC, preferred", Prefer, both, "120600000001", []string{"ConfNak +H -M +S -L", "ConfNak -H -M -S -L -D -C"}},
		{"none, allowed", Allow, both, bitsNone, []string{"ConfAck"}},
		{"stateless none, allowed", Allow, both, "120601000000", []string{"ConfAck"}},
		{"nothing, allowed", Allow, both, "", []string{"ConfAck"}},
		{"some, allowed", Allow, both, bits128, []string{"ConfAck"}},
		{"other methods", Require, both, bits128 + "150378 1a047800 11 06 01 01 02 03", []string{"ConfRej < 15 03 78> < 1a 04 78 00> < 11 06 01 01 02 03>"}},
		{"wrong length", Require, both, "1205010000", []string{"ConfRej < 12 05 01 00 00>"}},
		{"twice", Require, both, bits128 + bits40, []string{"ConfRej +H -M -S +L"}},
	} {
		for _, answer := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				p := ccpCaller(t, c.policy, c.modes...)
				if answer {
					p = ccpAnswerer(t, c.policy, c.modes...)
				}
				for i, a := range c.answers {
					p.sent = nil
					p.packet(ProtoCCP, codeConfReq, uint8(10+i), c.options)
					found := false
					a = strings.ReplaceAll(strings.Replace(a, " ", " id=* ", 1), " +H", " <mppe +H")
					a = strings.ReplaceAll(a, " -H", " <mppe -H")
					for _, f := range p.sent {
						found = found || strings.HasPrefix(Format(f), "[CCP Conf") && matches(Format(f), "[CCP "+strings.TrimSuffix(a, "]")+"*")
					}
					if !found {
						p.fatalf("attempt %d: no %q", i, a)
					}
				}
			})
		}
	}
}

// TestAsksForBest and acts on Naks within its list.
func TestAsksForBest(t *testing.T) {
	p := ccpCaller(t, Require, sl128, sl40)
	p.want("[CCP ConfReq id=0x1 <mppe +H -M +S -L -D -C>]")
	p.packet(ProtoCCP, codeConfNak, 1, bits40)
	p.want("[CCP ConfReq id=0x2 <mppe +H -M -S +L -D -C>]")
	p.packet(ProtoCCP, codeConfNak, 2, bits56)
	p.ends(cause.EncryptionRefused)

	p = ccpCaller(t, Require, sl128)
	p.want("[CCP *")
	p.packet(ProtoCCP, codeConfNak, 1, bits128sf) // asks once more, then gives up
	p.want("[CCP ConfReq id=0x2 <mppe +H -M +S -L -D -C>]")
	p.packet(ProtoCCP, codeConfNak, 2, bits128sf)
	if c := p.ends(cause.EncryptionRefused); c.Detail != "the peer wants 128 bit stateful" {
		t.Errorf("%q", c.Detail)
	}

	p = ccpCaller(t, Require, sl128)
	p.want("[CCP *")
	p.packet(ProtoCCP, codeConfNak, 1, bitsNone)
	p.ends(cause.EncryptionRefused)

	p = ccpCaller(t, Require, sl128)
	p.want("[CCP *")
	p.packet(ProtoCCP, codeConfRej, 1, bits128)
	p.ends(cause.EncryptionRefused)
}

// ccpUp opens CCP with 128 bit stateless.
func (p *script) ccpUp() {
	p.t.Helper()
	p.ack(p.want("[CCP ConfReq * <mppe +H -M +S -L -D -C>]"))
	p.packet(ProtoCCP, codeConfReq, 1, bits128)
	p.want("[CCP ConfAck id=0x1 *")
	if _, n := event1[EncryptionUp](p); n == 0 || p.s.Compressor() == nil {
		p.fatalf("no encryption")
	}
}

// TestKeyDirection: keys follow who authenticated whom, not who called. Here
// the answerer proves itself to the caller and nothing else happens.
// TestRechallengeDoesNotRekey: the start keys stay, also for a later
// negotiation of CCP.
// TestRenegotiatedLCPRekeys: a new authentication does give new keys.
// TestEarlyCCP: before authentication CCP is dropped without harm.
// TestEarlyIPCP: the peer's Configure-Request is kept until encryption is up,
// and answered then, without a Terminate-Ack or the peer's restart timer.
// TestNoKeys: without MS-CHAP there is no encryption.
// TestRefused: each way of refusing, by policy.
// TestCCPSilence: a peer that does not answer to CCP at all.
// TestEncryptionLost: each way of losing encryption that is required.
// TestRenegotiatedCCP: nothing passes in between, then a fresh compressor.
// TestPlainIsCounted: once encrypted, plain packets are dropped under any policy.
// TestRejectLoop: a peer that repeats its request for ever is not answered for
// ever (it happens with requests for nothing that get a Reject).
func TestRejectLoop(t *testing.T) {
	p := ccpCaller(t, Allow, sl128)
	p.openIPCP()
	answers, rejects := 0, 0
	for i := range 200 {
		p.packet(ProtoCCP, codeConfReq, uint8(i), "150378")
		for _, f := range p.sent {
			if f[1] == 0xfd && f[2] == codeConfRej {
				answers++
			}
			if matches(Format(f), "[LCP ProtRej * 80 fd *") {
				rejects++
			}
		}
		p.sent = nil
		p.wait(100 * time.Millisecond)
	}
	if answers > 25 || !p.open() || !p.s.Carries(ProtoIPv4) {
		t.Errorf("%d answers", answers)
	}
	if rejects == 0 {
		t.Error("the peer is not told that we are done with CCP")
	}
	if p.s.timers.running(timerCCP) {
		t.Error("CCP still tries")
	}
}

// TestMismatch: the peer agrees to one mode and asks for another.
func TestMismatch(t *testing.T) {
	p := ccpCaller(t, Require, sl128, sl40)
	p.ack(p.want("[CCP ConfReq id=0x1 <mppe +H -M +S *"))
	// Too late to follow us: we have to follow the peer.
	p.packet(ProtoCCP, codeConfReq, 1, bits40)
	p.want("[CCP ConfAck *")
	if p.s.Compressor() != nil {
		t.Fatal("up with two modes")
	}
	p.wait(3 * time.Second)
	f := p.want("[CCP ConfReq id=0x2 <mppe +H -M -S +L *")
	p.packet(ProtoCCP, codeConfReq, 2, bits40)
	p.want("[CCP ConfAck *")
	p.ack(f)
	if p.s.Status().Mode != sl40 {
		t.Errorf("mode %v", p.s.Status().Mode)
	}
	// And a peer that always disagrees is given up.
	p = ccpCaller(t, Require, sl128, sl40)
	for i := range 20 {
		for len(p.sent) > 0 {
			f := p.sent[0]
			p.sent = p.sent[1:]
			if f[1] == 0xfd && f[2] == codeConfReq {
				p.ack(f)
				bits := bits40
				if strings.Contains(Format(f), "+L") {
					bits = bits128
				}
				p.packet(ProtoCCP, codeConfReq, uint8(i+1), bits)
			}
		}
		p.wait(3 * time.Second)
	}
	p.wait(20 * time.Second)
	p.closed(cause.EncryptionRefused)
}

// TestAnswererFollows: our direction takes the peer's mode at once, without
// waiting for a Nak or a timer.
func TestAnswererFollows(t *testing.T) {
	p := ccpAnswerer(t, Require, sl128, sl40)
	p.want("[CCP ConfReq id=0x1 <mppe +H -M +S *")
	p.packet(ProtoCCP, codeConfReq, 1, bits40)
	p.want("[CCP ConfAck id=0x1 *")
	f := p.want("[CCP ConfReq id=0x2 <mppe +H -M -S +L *")
	p.packet(ProtoCCP, codeConfNak, 1, bits40) // of our first, too late
	p.quiet()
	p.ack(f)
	if p.s.Status().Mode != sl40 {
		t.Errorf("mode %v", p.s.Status().Mode)
	}
}

// TestStrayTerminateAck: RFC 1661 section 4.1 has Opened renegotiate on it; the
// link stays if that succeeds.
func TestStrayTerminateAck(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.openIPCP()
	p.packet(ProtoCCP, codeTermAck, 1, "")
	if p.s.Carries(ProtoIPv4) {
		t.Error("carries")
	}
	p.packet(ProtoCCP, codeConfReq, 2, bits128)
	p.ccpUpAfter()
	if !p.s.Carries(ProtoIPv4) || !p.open() {
		t.Error("not up again")
	}
}

// TestReset is RFC 1962 sections 5.7 and 5.8.
func TestReset(t *testing.T) {
	p := ccpCaller(t, Require, sl128)
	p.packet(ProtoCCP, codeResetReq, 1, "")
	p.want("[CCP ConfReq *")
	p.quiet()
	p = ccpCaller(t, Require, sl128)
	p.ccpUp()
	p.sent = nil
	p.packet(ProtoCCP, codeResetReq, 7, "")
	p.want("[CCP ResetAck id=0x7]")
	p.packet(ProtoCCP, codeResetAck, 8, "")
	p.quiet()
	if f := p.s.Compressor().(*fakeCompressor); f.resets != 1 {
		t.Errorf("%d resets", f.resets)
	}
	for range 10 {
		p.s.ResetCompressor(p.now)
	}
	p.drain()
	p.want("[CCP ResetReq *")
	p.quiet()
	p.now = p.now.Add(time.Second)
	p.s.ResetCompressor(p.now)
	p.drain()
	id := p.want("[CCP ResetReq *")[3]

	// An answer makes the way free for the next loss, another one does not.
	p.packet(ProtoCCP, codeResetAck, id-1, "")
	p.s.ResetCompressor(p.now)
	p.drain()
	p.quiet()
	p.packet(ProtoCCP, codeResetAck, id, "")
	p.s.ResetCompressor(p.now)
	p.drain()
	p.want("[CCP ResetReq *")
}

// TestWrongKeys: storms of nonsense, ours or the peer's.
// TestV1Keys: MS-CHAP serves 128 bit only, the others are not offered.
