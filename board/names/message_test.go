package names

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

const testID = 0x1234

func wire(t testing.TB, name string) []byte {
	t.Helper()
	w, ok := wireName(name)
	if !ok {
		t.Fatalf("%q is no name", name)
	}
	return w
}

// reply is the twin's answer to a question for name. Each record is "owner
// address" or "owner target".
func reply(t testing.TB, h dnsmessage.Header, name string, records ...string) []byte {
	t.Helper()
	m := dnsmessage.Message{Header: h, Questions: []dnsmessage.Question{question(name)}}
	for _, record := range records {
		owner, value, _ := strings.Cut(record, " ")
		r := dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(owner), Class: dnsmessage.ClassINET, TTL: 60}}
		if addr, err := netip.ParseAddr(value); err != nil {
			r.Body = &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(value)}
		} else if addr.Is4() {
			r.Body = &dnsmessage.AResource{A: addr.As4()}
		} else {
			r.Body = &dnsmessage.AAAAResource{AAAA: addr.As16()}
		}
		m.Answers = append(m.Answers, r)
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func question(name string) dnsmessage.Question {
	return dnsmessage.Question{Name: dnsmessage.MustNewName(name), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET}
}

var good = dnsmessage.Header{ID: testID, Response: true, RecursionDesired: true, RecursionAvailable: true}

func addrs(list ...string) (a []netip.Addr) {
	for _, s := range list {
		a = append(a, netip.MustParseAddr(s))
	}
	return a
}

// TestQuery: the twin reads what was asked.
func TestQuery(t *testing.T) {
	for _, name := range []string{"a.", "vpn.example.org.", strings.Repeat("x", 63) + ".example."} {
		var m dnsmessage.Message
		if err := m.Unpack(appendQuery(nil, testID, wire(t, name))); err != nil {
			t.Fatal(err)
		}
		if m.ID != testID || m.Response || !m.RecursionDesired || m.OpCode != 0 || len(m.Questions) != 1 || m.Questions[0] != question(name) ||
			len(m.Answers)+len(m.Authorities)+len(m.Additionals) != 0 {
			t.Errorf("%s: %v", name, m.GoString())
		}
	}
}

func TestWireName(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 63)+".", 3) // 192 octets
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"a.", true}, {"A.b.", true}, {long + strings.Repeat("x", 61) + ".", true}, {long + strings.Repeat("x", 62) + ".", false},
		{strings.Repeat("x", 64) + ".", false}, {"a..b.", false}, {".", false},
	} {
		w, ok := wireName(c.name)
		if ok != c.ok {
			t.Errorf("%q: %v", c.name, ok)
		}
		if ok && (!bytes.Equal(w, bytes.ToLower(w)) || len(w) > maxName) {
			t.Errorf("%q is %q", c.name, w)
		}
	}
}

func TestParseAnswer(t *testing.T) {
	header := func(change func(h *dnsmessage.Header)) dnsmessage.Header {
		h := good
		change(&h)
		return h
	}
	var chain, endless []string
	for i := range maxChain - 1 {
		chain = append(chain, string(rune('a'+i))+".n. "+string(rune('b'+i))+".n.")
	}
	endless = append(append(endless, chain...), string(rune('a'+maxChain-1))+".n. z.n.", "z.n. 192.0.2.1")
	chain = append(chain, string(rune('a'+maxChain-1))+".n. 192.0.2.1")
	cut := reply(t, good, "vpn.n.", "vpn.n. 192.0.2.1")
	for _, c := range []struct {
		name     string
		b        []byte
		host     string
		want     answer
		ours, ok bool
	}{
		{"one", reply(t, good, "vpn.n.", "vpn.n. 192.0.2.1"), "vpn.n.", answer{addrs: addrs("192.0.2.1")}, true, true},
		{"two, in order", reply(t, good, "vpn.n.", "vpn.n. 192.0.2.9", "vpn.n. 192.0.2.1"), "vpn.n.", answer{addrs: addrs("192.0.2.9", "192.0.2.1")}, true, true},
		{"another case", reply(t, good, "VPN.n.", "vPn.N. 192.0.2.1"), "vpn.n.", answer{addrs: addrs("192.0.2.1")}, true, true},
		{"alias", reply(t, good, "vpn.n.", "vpn.n. a.m.", "a.m. 192.0.2.1"), "vpn.n.", answer{addrs: addrs("192.0.2.1")}, true, true},
		{"aliases the other way round", reply(t, good, "vpn.n.", "b.m. 192.0.2.1", "a.m. b.m.", "vpn.n. a.m."), "vpn.n.", answer{addrs: addrs("192.0.2.1")}, true, true},
		{"aliases in a ring", reply(t, good, "vpn.n.", "vpn.n. a.m.", "a.m. vpn.n."), "vpn.n.", answer{}, true, true},
		{"many aliases", reply(t, good, "a.n.", chain...), "a.n.", answer{addrs: addrs("192.0.2.1")}, true, true},
		{"too many aliases", reply(t, good, "a.n.", endless...), "a.n.", answer{}, true, true},
		{"somebody else's address", reply(t, good, "vpn.n.", "www.n. 192.0.2.1"), "vpn.n.", answer{}, true, true},
		{"IPv6 only", reply(t, good, "vpn.n.", "vpn.n. 2001:db8::1"), "vpn.n.", answer{}, true, true},
		{"nothing", reply(t, good, "vpn.n."), "vpn.n.", answer{}, true, true},
		{"nothing, of a server that knows", reply(t, header(func(h *dnsmessage.Header) { h.RecursionAvailable, h.Authoritative = false, true }), "vpn.n."), "vpn.n.", answer{}, true, true},
		{"lame", reply(t, header(func(h *dnsmessage.Header) { h.RecursionAvailable = false }), "vpn.n."), "vpn.n.", answer{lame: true}, true, true},
		{"no such name", reply(t, header(func(h *dnsmessage.Header) { h.RCode = dnsmessage.RCodeNameError }), "vpn.n."), "vpn.n.", answer{rcode: 3}, true, true},
		{"truncated", reply(t, header(func(h *dnsmessage.Header) { h.Truncated = true }), "vpn.n.", "vpn.n. 192.0.2.1"), "vpn.n.", answer{truncated: true}, true, true},
		{"another identifier", reply(t, header(func(h *dnsmessage.Header) { h.ID++ }), "vpn.n.", "vpn.n. 192.0.2.1"), "vpn.n.", answer{}, false, false},
		{"a question", reply(t, header(func(h *dnsmessage.Header) { h.Response = false }), "vpn.n."), "vpn.n.", answer{}, false, false},
		{"another opcode", reply(t, header(func(h *dnsmessage.Header) { h.OpCode = 4 }), "vpn.n."), "vpn.n.", answer{}, false, false},
		{"another name", reply(t, good, "www.n.", "www.n. 192.0.2.1"), "vpn.n.", answer{}, false, false},
		{"empty", nil, "vpn.n.", answer{}, false, false},
		{"cut off in a record", cut[:len(cut)-1], "vpn.n.", answer{}, true, false},
		{"cut off in the question", cut[:20], "vpn.n.", answer{}, false, false},
	} {
		a, ours, ok := parseAnswer(c.b, testID, wire(t, c.host))
		if ours != c.ours || ok != c.ok {
			t.Errorf("%s: ours %v, readable %v", c.name, ours, ok)
		}
		if ok && (a.rcode != c.want.rcode || a.truncated != c.want.truncated || a.lame != c.want.lame || !slices.Equal(a.addrs, c.want.addrs)) {
			t.Errorf("%s: %+v, want %+v", c.name, a, c.want)
		}
	}
}

// TestPointers: a name's pointers go backwards, or it is none.
func TestPointers(t *testing.T) {
	for _, c := range []struct {
		b    string
		at   int
		want string
		end  int
	}{
		{"\x01a\x00", 0, "\x01a\x00", 3},
		{"\x01a\x00\x01B\xc0\x00", 3, "\x01b\x01a\x00", 7},
		{"\x01a\x00\x01b\xc0\x00\x01c\xc0\x03", 7, "\x01c\x01b\x01a\x00", 11},
		{"\xc0\x00", 0, "", 0},
		{"\xc0\x02\x01a\x00", 0, "", 0},
		{"\x01a\xc0\x00", 0, "", 0},
		{"\x01a\xc0", 0, "", 0},
		{"\x05a\x00", 0, "", 0},
		{"\x41a\x00", 0, "", 0},
		{"\x01a", 0, "", 0},
		{"", 0, "", 0},
	} {
		name, end, ok := readName(nil, []byte(c.b), c.at)
		if ok != (c.want != "") || ok && (string(name) != c.want || end != c.end) {
			t.Errorf("%q at %d: %q to %d, %v", c.b, c.at, name, end, ok)
		}
	}
}

// FuzzParseAnswer: what the twin can read too says the same to it.
func FuzzParseAnswer(f *testing.F) {
	f.Add(reply(f, good, "vpn.n.", "vpn.n. 192.0.2.1"))
	f.Add(reply(f, good, "vpn.n.", "vpn.n. a.m.", "a.m. 192.0.2.1", "vpn.n. 2001:db8::1"))
	f.Add(reply(f, good, "vpn.n.", "vpn.n. a.m.", "a.m. vpn.n."))
	f.Add(reply(f, good, "VPN.n.", "b.m. 192.0.2.7", "vpn.N. B.m.", "b.m. 192.0.2.1"))
	f.Add(reply(f, dnsmessage.Header{ID: testID, Response: true}, "vpn.n."))
	name := wire(f, "vpn.n.")
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ours, ok := parseAnswer(b, testID, name)
		if ok && !ours || !ok && ours && len(a.addrs) > 0 || len(a.addrs) > maxAddrs {
			t.Fatalf("%+v, ours %v, readable %v", a, ours, ok)
		}
		var p dnsmessage.Parser
		h, err := p.Start(b)
		if err != nil {
			return
		}
		questions, err := p.AllQuestions()
		if err != nil {
			return
		}
		if match := h.ID == testID && h.Response && h.OpCode == 0 && len(questions) == 1 && questions[0].Type == dnsmessage.TypeA &&
			questions[0].Class == dnsmessage.ClassINET && strings.EqualFold(questions[0].Name.String(), "vpn.n."); match != ours {
			t.Fatalf("ours: %v, the twin's %v", ours, match)
		}
		if !ok || h.RCode != 0 || h.Truncated {
			return
		}
		records, err := p.AllAnswers()
		if err != nil {
			return
		}
		if want := twin(records); !slices.Equal(a.addrs, want) {
			t.Errorf("%v, the twin's %v", a.addrs, want)
		}
	})
}

// twin is follow over the twin's records.
func twin(records []dnsmessage.Resource) (found []netip.Addr) {
	name := "vpn.n."
	for range maxChain {
		alias := ""
		for _, r := range records {
			if r.Header.Class != dnsmessage.ClassINET || !strings.EqualFold(r.Header.Name.String(), name) {
				continue
			}
			switch body := r.Body.(type) {
			case *dnsmessage.AResource:
				found = append(found, netip.AddrFrom4(body.A))
			case *dnsmessage.CNAMEResource:
				alias = body.CNAME.String()
			}
		}
		if len(found) > 0 || alias == "" {
			break
		}
		name = alias
	}
	return found[:min(len(found), maxAddrs)]
}
