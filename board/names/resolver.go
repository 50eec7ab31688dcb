package names

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"strings"
)

// Resolver looks names up. It keeps nothing from one time to the next, so the
// files may change.
type Resolver struct {
	Hosts  string // hosts(5) file
	Config string // resolv.conf(5) file
	// Servers, if not nil, are asked instead of those that Config names.
	Servers []netip.AddrPort
	// Interface is the only one that sockets use, where it is set.
	Interface string
	// Random fills b with what nobody can foresee.
	Random func(b []byte)
}

// Error says why a name has no address.
type Error struct {
	Text string
	// NotFound: a name server says so, or nobody can be asked for such a
	// name. Otherwise it is not known, and may be known later.
	NotFound bool
}

func (e *Error) Error() string { return e.Text }

var (
	errNoName    = &Error{Text: "no such host", NotFound: true}
	errNoAddress = &Error{Text: "the host has no IPv4 address", NotFound: true}
	errNoServer  = errors.New("there is none")
	errBadName   = &Error{Text: "that is no name of a host", NotFound: true}
)

// LookUp finds the addresses of host, in the order of the answer. The error is
// an *Error.
func (r *Resolver) LookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if !isName(host) {
		return nil, errBadName
	}
	var found []netip.Addr
	if reading(r.Hosts, func(f io.Reader) { found = inHosts(f, host) }); len(found) > 0 {
		return found, nil
	}
	var cfg config
	hostname, _ := os.Hostname()
	reading(r.Config, func(f io.Reader) { cfg = parseConfig(f, hostname) })
	if r.Servers != nil {
		cfg.servers = r.Servers
	}
	var last error = errBadName // every name is too long with its domain
	for _, name := range cfg.candidates(host) {
		wire, ok := wireName(name)
		if !ok {
			continue
		}
		found, err := r.askAll(ctx, cfg, wire)
		if err == nil {
			return found, nil
		}
		last = worse(last, err)
		if isSilence(err) || ctx.Err() != nil { // nor would they answer for another name
			break
		}
	}
	if isSilence(last) {
		last = &Error{Text: "no answer from " + cfg.text() + ": " + last.Error()}
	}
	return nil, last
}

// worse is what to say of several names: what is not known, then a name
// without an address, then none.
func worse(a, b error) error {
	rank := func(err error) int {
		switch err {
		case errBadName:
			return 0
		case errNoName:
			return 1
		case errNoAddress:
			return 2
		}
		return 3
	}
	if rank(a) > rank(b) {
		return a
	}
	return b
}

// askAll asks the servers in turn, as often as the configuration says.
func (r *Resolver) askAll(ctx context.Context, cfg config, name []byte) ([]netip.Addr, error) {
	var last error = silence{errNoServer}
	for range cfg.attempts {
		for _, server := range cfg.servers {
			found, err := r.ask(ctx, cfg, server, name)
			switch {
			case err == nil, err == errNoName, err == errNoAddress:
				return found, err
			case !isSilence(err) || isSilence(last): // a word says more than silence
				last = err
			}
			if ctx.Err() != nil {
				return nil, last
			}
		}
	}
	return nil, last
}

// isName reports whether host may be asked for: labels of letters, digits,
// hyphens and underscores (RFC 1123 section 2.1, and what is in use).
func isName(host string) bool {
	host = strings.TrimSuffix(host, ".")
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
		for i := range len(label) {
			c := label[i] | 0x20
			if !(c >= 'a' && c <= 'z') && !(label[i] >= '0' && label[i] <= '9') && label[i] != '-' && label[i] != '_' {
				return false
			}
		}
	}
	return len(host) <= maxName-2
}
