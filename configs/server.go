package configs

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"dun/dialup"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
	"dun/dialup/strict"
)

// Server is server.toml.
type Server struct {
	PPTP     PPTPServer
	Warnings strict.Problems

	doc *strict.Document
}

// PPTPServer is [pptp]: how we answer such calls. Defaults are filled in.
type PPTPServer struct {
	Listen []netip.Addr
	Local  netip.Addr // our end of every call
	Pool   *dialup.Pool

	Auth       []ppp.Auth
	Encryption ppp.Policy
	MPPE       []ppp.MPPEMode
	HashDomain bool
	KeepDomain bool   // look users up with their domain
	Name       string // ours, in challenges

	DNS, WINS []netip.Addr
	Forward   bool
	LAN       []string // interfaces that callers may reach; empty = by the pool
	Interface string   // pattern with %d, "" = our own choice
	MTU, MRU  int      // 0 = computed

	MaxCalls    int
	MaxHalfOpen int
	Idle        time.Duration // 0 = never
	Keepalive   phonebook.Keepalive
}

// LoadServer reads server.toml. The error has cause.BadConfig and wraps
// strict.Problems.
func LoadServer(name string) (Server, error) {
	s, problems := readServer(strict.Load(name, false))
	if err := problems.Err(); err != nil {
		return Server{}, err
	}
	s.Warnings = problems
	return s, nil
}

// CheckServer lists all that is wrong with server.toml, or just unusual, and
// gives what could be read in spite of it. A machine that answers no calls has
// no such file, which is no problem.
func CheckServer(name string) (Server, strict.Problems) {
	doc := strict.Load(name, false)
	if doc.Missing {
		return Server{doc: doc}, nil
	}
	return readServer(doc)
}

func readServer(doc *strict.Document) (Server, strict.Problems) {
	s := Server{doc: doc}
	if doc.Missing {
		return s, doc.Problems()
	}
	root := doc.Reader(doc.Root)
	if t, ok := root.Table("pptp"); ok {
		r := doc.Reader(t)
		s.PPTP = readPPTP(r)
		r.Finish()
	} else {
		root.Missing("pptp", "Add the table [pptp].", "The file does not say what to answer.")
	}
	root.Finish()
	return s, doc.Problems()
}

func readPPTP(r *strict.Reader) PPTPServer {
	p := PPTPServer{
		Listen: []netip.Addr{netip.IPv4Unspecified()},
		Name:   "dun", KeepDomain: true, MaxCalls: 100, MaxHalfOpen: 10,
	}
	p.readListen(r)
	p.readPool(r)
	l := phonebook.ReadLogin(r, phonebook.Login{
		Auth: []ppp.Auth{ppp.AuthMSCHAPv2}, Encryption: ppp.Require, MPPE: []ppp.MPPEMode{{Bits: 128, Stateless: true}},
	})
	p.Auth, p.Encryption, p.MPPE, p.HashDomain = l.Auth, l.Encryption, l.MPPE, l.HashDomain
	if on, ok := r.Bool("keep-domain"); ok {
		p.KeepDomain = on
	}
	if name, ok := r.String("name", `"dun"`); ok {
		p.Name = name
		if name == "" || len(name) > 64 {
			r.Wrong("name", "", "A server's name has 1 to 64 octets.")
		}
	}
	p.DNS = nameServers(r, "dns")
	p.WINS = nameServers(r, "wins")
	p.Forward, _ = r.Bool("forward")
	names, _ := r.Strings("lan", `["eth1"]`)
	for _, name := range names {
		if text, remedy := phonebook.BadInterface(name.Text); text != "" {
			r.Wrong("lan", remedy, "%s", text)
			continue
		}
		p.LAN = append(p.LAN, name.Text)
	}
	if name, ok := r.String("interface", `"dun%d"`); ok {
		p.Interface = name
		if text, remedy := phonebook.BadInterface(name); text != "" {
			r.Wrong("interface", remedy, "%s", text)
		} else if !strings.Contains(name, "%d") {
			r.Wrong("interface", `Write for example "`+name[:min(len(name), 13)]+`%d".`, "Each call has an interface of its own, so the name needs %%d for its number.")
		}
	}
	p.MTU, _ = r.Int("mtu", 128, 1500)
	p.MRU, _ = r.Int("mru", 128, 1500)
	if n, ok := r.Int("max-half-open", 1, 10000); ok {
		p.MaxHalfOpen = n
	}
	if n, ok := r.Int("max-calls", 1, 65535); ok {
		p.MaxCalls = n
		if p.Pool != nil && n > p.Pool.Len() {
			r.Warn("max-calls", "Enlarge the pool, unless users have addresses of their own.", "The pool has %d addresses only.", p.Pool.Len())
		}
	}
	p.Idle, _ = r.Duration("idle", 0, 365*24*time.Hour)
	if p.Idle > 0 {
		r.Warn("idle", "Do not rely on it.", "This version of dun reads the setting, but does nothing about it yet.")
	}
	p.Keepalive = phonebook.ReadKeepalive(r)
	return p
}

func (p *PPTPServer) readListen(r *strict.Reader) {
	list, ok := r.Strings("listen", `["0.0.0.0"]`)
	if !ok {
		return
	}
	p.Listen = nil
	for _, text := range list {
		addr, err := netip.ParseAddr(text.Text)
		switch {
		case err != nil || !addr.Is4() || addr.IsMulticast():
			r.WrongAt(text.At, "listen", `Write addresses of this machine, or "0.0.0.0" for all of them.`, "%s is no IPv4 address to listen on.", r.Quote(text.Text))
		case slices.Contains(p.Listen, addr):
			r.WrongAt(text.At, "listen", "Remove one of them.", "%s is there twice.", addr)
		case len(list) > 1 && addr.IsUnspecified():
			r.WrongAt(text.At, "listen", "Keep it alone, or name single addresses.", "%s is all addresses, so others beside it are in the way.", addr)
		default:
			p.Listen = append(p.Listen, addr)
		}
	}
	if len(list) == 0 {
		r.Wrong("listen", `Write listen = ["0.0.0.0"].`, "The list is empty.")
	}
}

func (p *PPTPServer) readPool(r *strict.Reader) {
	p.Local, _ = r.IPv4("local")
	r.Missing("local", `Write local = "192.168.88.1".`, "The server has no address for its end of the calls.")
	list, ok := r.Strings("pool", `["192.168.88.100-192.168.88.199"]`)
	r.Missing("pool", `Write pool = ["192.168.88.100-192.168.88.199"].`, "There are no addresses for callers.")
	if !ok {
		return
	}
	var ranges []dialup.AddrRange
	total := 0
	for _, text := range list {
		a, err := dialup.ParseAddrRange(text.Text)
		if err != nil {
			r.WrongAt(text.At, "pool", `Write "192.168.88.100-192.168.88.199", or a network such as "192.168.89.0/24".`, "%s.", sentence(err))
			continue
		}
		if i := slices.IndexFunc(ranges, func(b dialup.AddrRange) bool { return a.Contains(b.First) || b.Contains(a.First) }); i >= 0 {
			r.WrongAt(text.At, "pool", "Let the ranges have no address in common.", "%s and %s overlap.", ranges[i], a)
			continue
		}
		if p.Local.IsValid() && a.Contains(p.Local) {
			r.WrongAt(text.At, "pool", "Leave it out of the range.", "The range has our own address, local = %q.", p.Local)
		}
		if total += a.Len(); total > dialup.MaxPool {
			r.WrongAt(text.At, "pool", "", "The pool has more than %d addresses.", dialup.MaxPool)
			return
		}
		ranges = append(ranges, a)
	}
	if len(list) == 0 {
		r.Wrong("pool", `Write pool = ["192.168.88.100-192.168.88.199"].`, "The list is empty.")
	}
	p.Pool = dialup.NewPool(ranges)
	if p.Local.IsValid() {
		p.Pool.Reserve(p.Local)
	}
}

// sentence is an error, cut where it quotes too much.
func sentence(err error) string {
	s := []rune(err.Error())
	return string(s[:min(len(s), 200)])
}

// nameServers is a list of at most two addresses: RFC 1877 has no room for more.
func nameServers(r *strict.Reader, key string) []netip.Addr {
	list, _ := r.Strings(key, `["192.168.88.53"]`)
	var addrs []netip.Addr
	for _, text := range list {
		if addr, ok := r.ParseIPv4(key, text); ok {
			addrs = append(addrs, addr)
		}
	}
	if len(list) > 2 {
		r.Wrong(key, "Keep the best two.", "Callers can be told two servers.")
	}
	return addrs
}

// UseSecrets keeps the addresses that users have for themselves from being
// leased to others, and reports users who cannot log in here.
func (s *Server) UseSecrets(secrets *phonebook.Secrets) strict.Problems {
	p := &s.PPTP
	doc := secrets.Document()
	if p.Pool != nil {
		p.Pool.Reserve(secrets.Addresses()...)
	}
	var problems strict.Problems
	add := func(user, key, remedy string, warning bool, text string, args ...any) {
		at := secrets.Place(user, key)
		problems = append(problems, strict.Problem{
			File: doc.File, Line: at.Line, Column: at.Column, Key: "user." + user, Text: fmt.Sprintf(text, args...), Remedy: remedy, Warning: warning,
		})
	}
	needsPassword := !slices.ContainsFunc(p.Auth, func(a ppp.Auth) bool { return a == ppp.AuthMSCHAP || a == ppp.AuthMSCHAPv2 })
	for _, user := range secrets.Users() {
		if secrets.UserAddress(user) == p.Local {
			add(user, "address", "Give the user another address.", false, "This is the server's own address.")
		}
		if secret, _ := secrets.Find(user); secret.HasHash && needsPassword {
			add(user, "nt-hash", `Store the password itself, or add "ms-chap-v2" to the server's auth.`, false, "The server's auth has pap and chap only, which need the password.")
		}
	}
	if len(secrets.Users()) == 0 {
		problems = append(problems, strict.Problem{File: doc.File, Text: "There is no [user.NAME], so nobody can log in.", Remedy: "Add the callers to it.", Warning: true})
	}
	return problems
}
