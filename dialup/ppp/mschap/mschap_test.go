package mschap

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func equal(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if w := unhex(t, want); !bytes.Equal(got, w) {
		t.Errorf("%s: got % x, want % x", what, got, w)
	}
}

// The values that RFC 2759 section 9.2 and RFC 3079 section 3.5 share.
type example struct {
	auth, peer [16]byte
	hash       [16]byte
	response   [24]byte
}

func rfc2759(t *testing.T) example {
	e := example{
		auth: [16]byte(unhex(t, "5B 5D 7C 7D 7B 3F 2F 3E 3C 2C 60 21 32 26 26 28")),
		peer: [16]byte(unhex(t, "21 40 23 24 25 5E 26 2A 28 29 5F 2B 3A 33 7C 7E")),
		hash: NTHash("clientPass"),
	}
	e.response = NTResponse(e.auth, e.peer, "User", e.hash)
	return e
}

// RFC 2433 appendix B.2.
func TestRFC2433Response(t *testing.T) {
	hash := NTHash("MyPw")
	equal(t, "NtPasswordHash", hash[:], "FC 15 6A F7 ED CD 6C 0E DD E3 33 7D 42 7F 4E AC")
	response := ChallengeResponse([8]byte(unhex(t, "10 2D B5 DF 08 5D 30 41")), hash)
	equal(t, "NtChallengeResponse", response[:],
		"4E 9D 3C 8F 9C FD 38 5D 5B F4 D3 24 67 91 95 6C A4 C3 51 AB 40 9A 3D 61")
}

// RFC 2433 appendix B.3 and RFC 2759 section 9.3.
func TestParityKey(t *testing.T) {
	k := parityKey([7]byte(unhex(t, "FC 15 6A F7 ED CD 6C")))
	equal(t, "first key", k[:], "FD 0B 5B 5E 7F 6E 34 D9")
	k = parityKey([7]byte(unhex(t, "0E DD E3 33 7D 42 7F")))
	equal(t, "second key", k[:], "0E 6E 79 67 37 EA 08 FE")
}

// RFC 2759 section 9.2.
func TestRFC2759(t *testing.T) {
	e := rfc2759(t)
	challenge := ChallengeHash(e.peer, e.auth, "User")
	equal(t, "Challenge", challenge[:], "D0 2E 43 86 BC E9 12 26")
	equal(t, "PasswordHash", e.hash[:], "44 EB BA 8D 53 12 B8 D6 11 47 44 11 F5 69 89 AE")
	hashHash := hashNTHash(e.hash)
	equal(t, "PasswordHashHash", hashHash[:], "41 C0 0C 58 4B D2 D9 1C 40 17 A2 A1 2F A5 9F 3F")
	equal(t, "NT-Response", e.response[:],
		"82 30 9E CD 8D 70 8B 5E A0 8F AA 39 81 CD 83 54 42 33 11 4A 3D 85 D6 DF")
	const want = "S=407A5589115FD0D6209F510FE9C04566932CDA56"
	if got := AuthenticatorResponse(e.hash, e.response, e.peer, e.auth, "User"); got != want {
		t.Errorf("AuthenticatorResponse: got %s, want %s", got, want)
	}
}

func TestCheckAuthenticatorResponse(t *testing.T) {
	e := rfc2759(t)
	const good = "S=407A5589115FD0D6209F510FE9C04566932CDA56"
	for _, c := range []struct {
		message string
		want    bool
	}{
		{good, true},
		{good + " M=Welcome", true},
		{good + "\x00", true},
		{"S=" + strings.ToLower(good[2:]), true},
		{good[:41], false},
		{"", false},
		{"s" + good[1:], false},
		{"M=Welcome " + good, false},
		{"S=407A5589115FD0D6209F510FE9C04566932CDA57", false},
		{"S=007A5589115FD0D6209F510FE9C04566932CDA56", false},
		{"S=G07A5589115FD0D6209F510FE9C04566932CDA56", false},
		{"S=" + strings.Repeat(" ", 40), false},
	} {
		if got := CheckAuthenticatorResponse(e.hash, e.response, e.peer, e.auth, "User", []byte(c.message)); got != c.want {
			t.Errorf("%q: got %v", c.message, got)
		}
	}
	if CheckAuthenticatorResponse(e.hash, e.response, e.peer, e.auth, "user", []byte(good)) {
		t.Error("another user name was accepted")
	}
	if CheckAuthenticatorResponse(NTHash("clientpass"), e.response, e.peer, e.auth, "User", []byte(good)) {
		t.Error("another password was accepted")
	}
}

// RFC 3079 section 2.5.3, step 4. Step 3 prints ca for the eighth octet; only
// c1 leads to the session key of step 5, as a test of package mppe shows.
func TestStartKeysV1(t *testing.T) {
	send, receive := StartKeysV1(NTHash("clientPass"), [8]byte(unhex(t, "10 2d b5 df 08 5d 30 41")))
	equal(t, "InitialSessionKey", send[:], "a8 94 78 50 cf c0 ac c1 d1 78 9f b6 2d dc dd b0")
	if send != receive {
		t.Error("directions differ")
	}
}

// RFC 3079 sections 3.5.1 to 3.5.3; the samples are those of a server's send key.
func TestStartKeysV2(t *testing.T) {
	e := rfc2759(t)
	master := MasterKeyV2(e.hash, e.response)
	equal(t, "MasterKey", master[:], "FD EC E3 71 7A 8C 83 8C B3 88 E5 27 AE 3C DD 31")
	for _, c := range []struct {
		bits int
		want string
	}{
		{40, "8B 7C DC 14 9B 99 3A 1B 00 00 00 00 00 00 00 00"},
		{56, "8B 7C DC 14 9B 99 3A 1B 00 00 00 00 00 00 00 00"},
		{128, "8B 7C DC 14 9B 99 3A 1B A1 18 CB 15 3F 56 DC CB"},
	} {
		serverSend, serverReceive := StartKeysV2(master, c.bits, true)
		equal(t, "SendStartKey", serverSend[:], c.want)
		clientSend, clientReceive := StartKeysV2(master, c.bits, false)
		if clientSend != serverReceive || clientReceive != serverSend {
			t.Errorf("%d bit: the ends do not agree", c.bits)
		}
		if clientSend == serverSend {
			t.Errorf("%d bit: both directions have one key", c.bits)
		}
	}
}

func TestNTHashText(t *testing.T) {
	// MD4 of nothing (RFC 1320 appendix A.5).
	empty := NTHash("")
	equal(t, "empty", empty[:], "31 d6 cf e0 d1 6a e9 31 b7 3c 59 d7 e0 c0 89 c0")

	same := func(what, a, b string) {
		t.Helper()
		if NTHash(a) != NTHash(b) {
			t.Errorf("%s: hashes differ", what)
		}
	}
	same("invalid octets", "a\xff\xc3(", "a\uFFFD\uFFFD(")
	same("encoded surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD")
	same("truncation", strings.Repeat("x", 300), strings.Repeat("x", 256))
	same("split pair", strings.Repeat("x", 255)+"\U0001F511z", strings.Repeat("x", 255))
	same("fitting pair", strings.Repeat("x", 254)+"\U0001F511zzz", strings.Repeat("x", 254)+"\U0001F511")
	if NTHash(strings.Repeat("x", 255)) == NTHash(strings.Repeat("x", 256)) {
		t.Error("unit 256 is not hashed")
	}
	// UTF-16LE by hand: umlaut, a character beyond the basic plane.
	want := md4Sum([]byte{0xfc, 0x00, 0x3d, 0xd8, 0x11, 0xdd})
	if got := NTHash("ü\U0001F511"); got != want {
		t.Errorf("UTF-16LE: got % x, want % x", got, want)
	}
}

func FuzzCheckAuthenticatorResponse(f *testing.F) {
	f.Add([]byte("S=407A5589115FD0D6209F510FE9C04566932CDA56 M=ok"), "User")
	f.Add([]byte("S="), "")
	f.Fuzz(func(t *testing.T, message []byte, user string) {
		var e example
		e.hash = NTHash(user)
		got := CheckAuthenticatorResponse(e.hash, e.response, e.peer, e.auth, user, message)
		right := AuthenticatorResponse(e.hash, e.response, e.peer, e.auth, user)
		want := len(message) >= 42 && message[0] == 'S' && strings.EqualFold(string(message[:42]), right)
		if got != want {
			t.Errorf("%q: got %v", message, got)
		}
	})
}
