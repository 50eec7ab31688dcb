package ppp

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp/mschap"
)

func (p *script) phase() Phase { return p.s.Status().Phase }

// respond takes a v2 Response and gives the Success that belongs to it.
func (p *script) respond(f []byte, challenge [16]byte, user, password string) string {
	p.t.Helper()
	pk, _ := parsePacket(f[2:])
	value, _, _ := parseCHAP(pk.data)
	peer, nt := [16]byte(value[:16]), [24]byte(value[24:48])
	hash := mschap.NTHash(password)
	if nt != mschap.NTResponse(challenge, peer, user, hash) {
		p.fatalf("the response is wrong for user %q", user)
	}
	return hex.EncodeToString([]byte(mschap.AuthenticatorResponse(hash, nt, peer, challenge, user)))
}

const (
	challenge16 = "101112131415161718191a1b1c1d1e1f"
	challengeA  = "10" + challenge16 + "737276" // value-size, value, "srv"
)

var challengeBytes = [16]byte(unhex(challenge16))

// v2Up logs the engine in by MS-CHAPv2 with identifier 1.
func (p *script) v2Up() {
	p.t.Helper()
	p.lcpUp(askV2 + magicOne)
	p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
	f := p.want("[CHAP Response id=0x1 *")
	p.packet(ProtoCHAP, chapSuccess, 1, p.respond(f, challengeBytes, "alice", "secret"))
	if p.phase() != PhaseNetwork {
		p.fatalf("phase %v", p.phase())
	}
}

// TestV2Domain: the hash leaves the domain out, the name on the wire does not.
func TestV2Domain(t *testing.T) {
	for _, withDomain := range []bool{false, true} {
		c := plainCaller()
		c.Name, c.HashDomain = `CORP\alice`, withDomain
		p := play(t, c)
		p.lcpUp(askV2)
		p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
		f := p.want(`[CHAP Response id=0x1 <*>, name = "CORP\\alice"]`)
		user := "alice"
		if withDomain {
			user = `CORP\alice`
		}
		p.packet(ProtoCHAP, chapSuccess, 1, p.respond(f, challengeBytes, user, "secret")+hex.EncodeToString([]byte(" M=welcome")))
		if e, n := event1[Authenticated](p); n != 1 || e.Peer || e.Method != AuthMSCHAPv2 || e.Name != `CORP\alice` {
			t.Errorf("%+v", e)
		}
	}
}

// TestPeerNotAuthentic: a server that does not know the password.
func TestPeerNotAuthentic(t *testing.T) {
	for _, message := range []string{"", "533d", hex.EncodeToString([]byte("S=" + strings.Repeat("0", 40))), hex.EncodeToString([]byte("M=hello"))} {
		p := play(t, plainCaller())
		p.lcpUp(askV2)
		p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
		p.want("[CHAP Response *")
		p.packet(ProtoCHAP, chapSuccess, 1, message)
		p.ends(cause.PeerNotAuthentic)
		if _, n := event1[Authenticated](p); n != 0 {
			t.Error("authenticated")
		}
	}
}

// TestFailureCauses: with R=1 the server waits for another try; we end at once.
func TestFailureCauses(t *testing.T) {
	for _, c := range []struct {
		text   string
		cause  cause.Cause
		detail string
	}{
		{"E=691 R=1 C=000102030405060708090A0B0C0D0E0F V=3 M=Authentication failed", cause.AuthFailed, "error 691 Authentication failed"},
		{"E=691 R=0 C=00 V=3", cause.AuthFailed, "error 691"},
		{"E=646 R=0 V=3 M=x", cause.AccountHours, "error 646 x"},
		{"E=647 R=0", cause.AccountDisabled, "error 647"},
		{"E=648 R=0", cause.PasswordExpired, "error 648"},
		{"E=649 R=0 M=no M=really", cause.NoDialInRight, "error 649 no M=really"},
		{"E=709 R=0", cause.AuthFailed, "error 709"},
		{"E= R=x", cause.AuthFailed, "E= R=x"},
		{"go away\x00", cause.AuthFailed, "go away."},
		{"", cause.AuthFailed, ""},
	} {
		for _, method := range []string{askV1, askV2} {
			cfg := plainCaller()
			cfg.Accept = []Auth{AuthMSCHAPv2, AuthMSCHAP}
			p := play(t, cfg)
			p.lcpUp(method)
			if method == askV2 {
				p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
			} else {
				p.packet(ProtoCHAP, chapChallenge, 1, "08"+challenge16[:16])
			}
			p.want("[CHAP Response *")
			p.packet(ProtoCHAP, chapFailure, 1, hex.EncodeToString([]byte(c.text)))
			if got := p.ends(c.cause); got.Detail != c.detail {
				t.Errorf("%q: %q, want %q", c.text, got.Detail, c.detail)
			}
		}
	}
}

// TestRepeatedChallenge: the same challenge gets the very same response, also
// for MPPE's keys; another one gets another.
func TestRepeatedChallenge(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(askV2)
	p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
	first := p.want("[CHAP Response *")
	p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
	if again := p.want("[CHAP Response *"); !bytes.Equal(first, again) {
		t.Error("another response to the same challenge")
	}
	p.packet(ProtoCHAP, chapChallenge, 2, challengeA)
	if other := p.want("[CHAP Response id=0x2 *"); bytes.Equal(first[6:], other[6:]) {
		t.Error("the same response to another challenge")
	}
	// The Success for the first still counts.
	p.packet(ProtoCHAP, chapSuccess, 1, p.respond(first, challengeBytes, "alice", "secret"))
	if p.phase() != PhaseNetwork {
		t.Error("not authenticated")
	}
}

// TestResponseIsRepeated: the Success was lost.
func TestResponseIsRepeated(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(askV2)
	p.packet(ProtoCHAP, chapChallenge, 1, challengeA)
	first := p.want("[CHAP Response *")
	p.wait(3 * time.Second)
	if again := p.want("[CHAP Response *"); !bytes.Equal(first, again) {
		t.Error("the repetition differs")
	}
	p.wait(26 * time.Second)
	if !p.open() {
		t.Fatal("closed before its time")
	}
}

// TestRechallenge: a challenge in the network phase is answered, and does not
// disturb the network.
func TestRechallenge(t *testing.T) {
	p := play(t, plainCaller())
	p.v2Up()
	p.openIPCP()
	p.packet(ProtoCHAP, chapChallenge, 2, challengeA)
	f := p.want("[CHAP Response id=0x2 *")
	if !p.s.Carries(ProtoIPv4) {
		t.Error("down meanwhile")
	}
	p.packet(ProtoCHAP, chapSuccess, 2, p.respond(f, challengeBytes, "alice", "secret"))
	if _, n := event1[Authenticated](p); n != 1 {
		t.Errorf("authenticated %d times", n)
	}
	p.wait(20 * time.Second)
	p.want("[LCP EchoReq *") // and nothing is repeated
	p.quiet()
	p.packet(ProtoCHAP, chapChallenge, 3, challengeA)
	p.want("[CHAP Response id=0x3 *")
	p.packet(ProtoCHAP, chapFailure, 3, hex.EncodeToString([]byte("E=648 R=0")))
	p.ends(cause.PasswordExpired)
}

// TestWrongChallenges are dropped.
func TestWrongChallenges(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(askV2)
	for _, data := range []string{"", "00", "08" + challenge16, "10" + challenge16[:30], "ff", "20" + challenge16 + challenge16} {
		p.packet(ProtoCHAP, chapChallenge, 1, data)
	}
	p.packet(ProtoCHAP, chapSuccess, 1, "") // nothing was asked
	p.packet(ProtoCHAP, chapFailure, 1, "")
	p.packet(ProtoPAP, papAck, 1, "") // not what was agreed on
	p.hear("c223 01")
	p.quiet()
	if !p.open() || p.phase() != PhaseAuthenticate {
		t.Error("moved on")
	}
	if d := p.s.Status().Dropped; d.Malformed != 9 || d.NotOpen != 1 {
		t.Errorf("%+v", d)
	}
	p.wait(29 * time.Second)
	if !p.open() {
		t.Error("closed early")
	}
	p.sent = nil // an echo
	p.wait(time.Second)
	p.ends(cause.AuthTimeout)
}

// TestV1HasNoLMHash: the LM response stays empty.
func TestV1HasNoLMHash(t *testing.T) {
	c := plainCaller()
	c.Accept = []Auth{AuthMSCHAP}
	p := play(t, c)
	p.lcpUp(askV1)
	p.packet(ProtoCHAP, chapChallenge, 1, "08"+challenge16[:16])
	p.want("[CHAP Response id=0x1 <" + strings.Repeat("00", 24) + "*01>, name = \"alice\"]")
}

func TestPAPCaller(t *testing.T) {
	p := play(t, plainCaller())
	p.lcpUp(askPAP)
	f := p.want(`[PAP AuthReq id=0x1 user="alice" password=<hidden>]`)
	if _, password, ok := parsePAP(f[6:]); !ok || password != "secret" {
		t.Errorf("password %q", password)
	}
	p.wait(3 * time.Second)
	p.want("[PAP AuthReq id=0x2 *") // RFC 1334 section 2.2.1: another identifier
	p.wait(6 * time.Second)
	p.want("[PAP AuthReq id=0x3 *")
	p.packet(ProtoPAP, papAck, 9, "")
	if p.phase() != PhaseAuthenticate {
		t.Error("an Ack of nothing was taken")
	}
	p.packet(ProtoPAP, papAck, 1, "024f4b")
	if p.phase() != PhaseNetwork {
		t.Error("a late Ack was not taken")
	}
	p.packet(ProtoPAP, papNak, 1, "00") // too late
	if !p.open() {
		t.Error("closed")
	}

	p = play(t, plainCaller())
	p.lcpUp(askPAP)
	p.want("[PAP *")
	p.packet(ProtoPAP, papNak, 1, "ff6e6f")
	if c := p.ends(cause.AuthFailed); c.Detail != "no" {
		t.Errorf("%q", c.Detail)
	}
}

// TestPAPSilence: ten requests, or the deadline.
func TestPAPSilence(t *testing.T) {
	c := plainCaller()
	c.Timers.Authenticate = time.Hour
	p := play(t, c)
	p.lcpUp(askPAP)
	p.wait(10 * time.Minute)
	n := 0
	for _, f := range p.sent {
		if f[0] == 0xc0 && f[1] == 0x23 {
			n++
		}
	}
	if n != 10 {
		t.Errorf("%d requests", n)
	}
	p.closed(cause.AuthTimeout)
}

func papData(name, password string) string {
	b := append([]byte{byte(len(name))}, name...)
	return hex.EncodeToString(append(append(b, byte(len(password))), password...))
}

func TestPAPAnswerer(t *testing.T) {
	for _, c := range []struct {
		name, password string
		good           bool
	}{
		{"alice", "secret", true}, {`CORP\carol`, "secret", true}, {`CORP\alice`, "secret", false}, {"alice", "Secret", false}, {"alice", "", false},
		{"nobody", "secret", false}, {"nobody", "", false}, {"", "", false}, {"bob", "hash", true}, {"bob", "", false},
	} {
		cfg := plainAnswerer()
		cfg.Require = []Auth{AuthPAP}
		// Names are looked up as they came.
		cfg.Users = userMap{"alice": {Password: "secret"}, `CORP\carol`: {Password: "secret"}, "bob": {NTHash: mschap.NTHash("hash"), HasHash: true}}
		p := play(t, cfg)
		p.lcpUp(magicOne)
		p.packet(ProtoPAP, papRequest, 5, "0561")
		p.packet(ProtoPAP, papRequest, 6, papData(c.name, c.password))
		if !c.good {
			p.want(`[PAP AuthNak id=0x6 ""]`)
			p.ends(cause.PeerAuthFailed)
			continue
		}
		p.want(`[PAP AuthAck id=0x6 ""]`)
		p.want("[IPCP ConfReq *")
		// RFC 1334 section 2.2.1: the same answer ever after.
		p.packet(ProtoPAP, papRequest, 7, papData("mallory", "x"))
		p.want(`[PAP AuthAck id=0x7 ""]`)
		if st := p.s.Status(); st.User != c.name || st.Auth != AuthPAP {
			t.Errorf("%+v", st)
		}
	}
}

// v2Response computes what a caller sends.
func v2Response(f []byte, name, hashed, password string) string {
	pk, _ := parsePacket(f[2:])
	value, _, _ := parseCHAP(pk.data)
	peer := [16]byte{1, 2, 3}
	nt := mschap.NTResponse([16]byte(value), peer, hashed, mschap.NTHash(password))
	v := append(append(peer[:], make([]byte, 8)...), nt[:]...)
	return hex.EncodeToString(chapData(append(v, 4), name)) // Windows 98's flag
}

func TestCHAPAnswerer(t *testing.T) {
	for _, c := range []struct {
		name, hashed, password string
		good                   bool
	}{
		{"alice", "alice", "secret", true},
		{`CORP\dave`, "dave", "secret", true},
		{`CORP\alice`, "alice", "secret", false}, // without her domain only
		{`CORP\carol`, "carol", "domain", true},  // found with her domain
		{`CORP\alice`, `CORP\alice`, "secret", false},
		{"alice", "alice", "wrong", false},
		{"nobody", "nobody", "", false},
		{"", "", "", false},
	} {
		cfg := plainAnswerer()
		cfg.Require = []Auth{AuthMSCHAPv2}
		cfg.Users = userMap{"alice": {Password: "secret"}, `CORP\dave`: {Password: "secret"}, `CORP\carol`: {NTHash: mschap.NTHash("domain"), HasHash: true}}
		p := play(t, cfg)
		p.lcpUp(magicOne)
		f := p.want(`[CHAP Challenge id=0x* <*>, name = ""]`)
		id := f[3]
		p.packet(ProtoCHAP, chapResponse, id+1, v2Response(f, c.name, c.hashed, c.password)) // to another challenge
		p.packet(ProtoCHAP, chapResponse, id, v2Response(f, c.name, c.hashed, c.password))
		if !c.good {
			got := p.want("[CHAP Failure *")
			if text := string(got[6:]); !matches(text, "E=691 R=0 C=* V=3 M=*") || len(strings.Fields(text)[2]) != 34 {
				t.Errorf("failure %q", text)
			}
			p.ends(cause.PeerAuthFailed)
			continue
		}
		got := p.want("[CHAP Success *")
		if len(got) != 6+42 { // S= and nothing behind it: Windows 98 fails on M=
			t.Errorf("%q", got[6:])
		}
		p.want("[IPCP ConfReq *")
		// The same reply to whatever is sent for this challenge.
		p.packet(ProtoCHAP, chapResponse, id, v2Response(f, "mallory", "mallory", "x"))
		if again := p.want("[CHAP Success *"); !bytes.Equal(got, again) {
			t.Error("another reply")
		}
		if _, n := event1[Authenticated](p); n != 1 {
			t.Errorf("authenticated %d times", n)
		}
	}
}

// TestNoUserOracle: what goes out for an unknown user and for a wrong password
// looks the same.
func TestNoUserOracle(t *testing.T) {
	for _, method := range []Auth{AuthPAP, AuthCHAPMD5, AuthMSCHAP, AuthMSCHAPv2} {
		var seen []string
		for _, name := range []string{"alice", "nobody"} {
			cfg := plainAnswerer()
			cfg.Require = []Auth{method}
			p := play(t, cfg)
			p.lcpUp(magicOne)
			switch method {
			case AuthPAP:
				p.packet(ProtoPAP, papRequest, 1, papData(name, "x"))
			case AuthCHAPMD5:
				f := p.want("[CHAP Challenge *")
				p.packet(ProtoCHAP, chapResponse, f[3], hex.EncodeToString(chapData(make([]byte, 16), name)))
			default:
				f := p.want("[CHAP Challenge *")
				v := make([]byte, 49)
				v[48] = 1
				p.packet(ProtoCHAP, chapResponse, f[3], hex.EncodeToString(chapData(v, name)))
			}
			seen = append(seen, Format(p.want("*")))
			p.ends(cause.PeerAuthFailed)
		}
		if seen[0] != seen[1] {
			t.Errorf("%v: %s and %s", method, seen[0], seen[1])
		}
	}
}

func TestChallengeIsRepeated(t *testing.T) {
	cfg := plainAnswerer()
	cfg.Require = []Auth{AuthCHAPMD5}
	cfg.Timers.Authenticate = time.Hour
	p := play(t, cfg)
	p.lcpUp(magicOne)
	first := p.want("[CHAP Challenge *")
	p.wait(3 * time.Second)
	if again := p.want("[CHAP Challenge *"); !bytes.Equal(first, again) {
		t.Error("the repetition differs")
	}
	p.sent = nil
	p.wait(time.Hour)
	n := 0
	for _, f := range p.sent {
		if f[0] == 0xc2 {
			n++
		}
	}
	if n != 8 {
		t.Errorf("%d challenges more", n)
	}
	p.closed(cause.AuthTimeout)
}

// TestWrongSizes of responses fail like wrong passwords.
func TestWrongSizes(t *testing.T) {
	for _, method := range []Auth{AuthCHAPMD5, AuthMSCHAP, AuthMSCHAPv2} {
		for _, size := range []int{1, 15, 17, 48, 50, 255} {
			cfg := plainAnswerer()
			cfg.Require = []Auth{method}
			p := play(t, cfg)
			p.lcpUp(magicOne)
			f := p.want("[CHAP Challenge *")
			p.packet(ProtoCHAP, chapResponse, f[3], hex.EncodeToString(chapData(make([]byte, size), "alice")))
			p.want("[CHAP Failure *")
			p.ends(cause.PeerAuthFailed)
		}
	}
}

// TestHashOnly: an NT hash serves MS-CHAP and nothing else.
func TestHashOnly(t *testing.T) {
	c := plainCaller()
	c.Secret = Secret{NTHash: mschap.NTHash("secret"), HasHash: true}
	p := play(t, c)
	p.want("*")
	p.packet(ProtoLCP, codeConfReq, 1, askPAP)
	p.want("[LCP ConfNak id=0x1 <auth chap MS-v2>]")
	p.packet(ProtoLCP, codeConfReq, 2, askMD5)
	p.want("[LCP ConfNak id=0x2 <auth chap MS-v2>]")
	p = play(t, c)
	p.v2Up()

	// As answerer, a user of whom only the hash is known cannot be checked by CHAP.
	cfg := plainAnswerer()
	cfg.Require = []Auth{AuthCHAPMD5}
	cfg.Users = userMap{"bob": {NTHash: mschap.NTHash("hash"), HasHash: true}}
	p = play(t, cfg)
	p.lcpUp(magicOne)
	f := p.want("[CHAP Challenge *")
	pk, _ := parsePacket(f[2:])
	value, _, _ := parseCHAP(pk.data)
	sum := md5Response(f[3], "", value)
	p.packet(ProtoCHAP, chapResponse, f[3], hex.EncodeToString(chapData(sum[:], "bob")))
	p.want("[CHAP Failure *")
}
