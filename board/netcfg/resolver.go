package netcfg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dun/dialup/cause"
)

// Backends: who keeps the system's name servers.
const (
	backendFile       = "file"       // we, in the resolver file
	backendResolvconf = "resolvconf" // resolvconf(8), Debian's or openresolv
	backendResolved   = "resolved"   // systemd-resolved, through resolvectl(1)
)

const (
	defaultResolvConf = "/etc/resolv.conf"
	commandTime       = 10 * time.Second // for resolvconf and resolvectl
)

// resolver is the way to the system's name servers.
type resolver struct{ file resolvFile }

func newResolver(path string) *resolver {
	if path == "" {
		path = defaultResolvConf
	}
	return &resolver{resolvFile{path}}
}

// claim is what s wants, by the backend that the machine has now.
func (r *resolver) claim(s State, index int) (*dnsClaim, error) {
	c := &dnsClaim{
		Backend: r.backend(), Dev: s.Interface, Index: index, Rank: s.Rank, Default: s.DefaultRoute,
		Servers: slices.Clone(s.DNS), Search: slices.Clone(s.Search),
	}
	if c.Backend == backendFile {
		where, err := r.file.locate()
		if err != nil {
			return nil, err
		}
		c.Target = where.id
	}
	return c, nil
}

// backend finds out who keeps the file: a program that is installed but does
// not keep it would change nothing.
func (r *resolver) backend() string {
	if r.file.path != defaultResolvConf {
		return backendFile
	}
	real, _ := filepath.EvalSymlinks(r.file.path)
	text, _ := r.file.read() // one that cannot be read is nobody's
	if isDir("/run/systemd/resolve") && command("resolvectl") != "" &&
		(strings.HasPrefix(real, "/run/systemd/resolve/") || strings.HasPrefix(real, "/usr/lib/systemd/") || usesStub(text)) {
		return backendResolved
	}
	if command("resolvconf") != "" &&
		(strings.HasPrefix(real, "/run/resolvconf/") || strings.HasPrefix(real, "/etc/resolvconf/") || madeByResolvconf(text)) {
		return backendResolvconf
	}
	return backendFile
}

// usesStub reports whether the only servers are systemd-resolved's own.
func usesStub(text []byte) bool {
	servers := parseResolv(text).servers
	return len(servers) > 0 && !slices.ContainsFunc(servers, func(s string) bool { return s != "127.0.0.53" && s != "127.0.0.54" })
}

// madeByResolvconf looks for the first comment, in which both programs of the
// name say who they are.
func madeByResolvconf(text []byte) bool {
	first, _, _ := bytes.Cut(bytes.TrimLeft(text, " \t\n"), []byte("\n"))
	return bytes.HasPrefix(first, []byte("#")) && bytes.Contains(first, []byte("resolvconf")) && !isOurs(text)
}

// apply gives a claim to its backend; the file is made by update.
func (r *resolver) apply(c *dnsClaim) error {
	switch c.Backend {
	case backendResolved:
		domains := slices.Clone(c.Search)
		if c.Default {
			domains = append(domains, "~.") // every name is asked for there
		}
		if len(domains) == 0 {
			domains = []string{""}
		}
		if err := run(nil, "resolvectl", append([]string{"dns", c.Dev}, addrStrings(c.Servers)...)...); err != nil {
			return err
		}
		return run(nil, "resolvectl", append([]string{"domain", c.Dev}, domains...)...)
	case backendResolvconf:
		var in bytes.Buffer
		for _, s := range c.Servers {
			fmt.Fprintf(&in, "nameserver %v\n", s)
		}
		if len(c.Search) > 0 {
			fmt.Fprintf(&in, "search %s\n", strings.Join(c.Search, " "))
		}
		return run(in.Bytes(), "resolvconf", "-a", resolvconfRecord(c))
	}
	return nil
}

// retract takes a claim, which may be nil, from its backend.
func (r *resolver) retract(h *host, c *dnsClaim) error {
	if c == nil {
		return nil
	}
	switch c.Backend {
	case backendResolved:
		// systemd-resolved has forgotten an interface that is gone.
		if l, err := h.link(c.Dev); err != nil || l.Index != c.Index {
			return nil
		}
		return run(nil, "resolvectl", "revert", c.Dev)
	case backendResolvconf:
		return run(nil, "resolvconf", "-d", resolvconfRecord(c))
	}
	return nil
}

func resolvconfRecord(c *dnsClaim) string { return c.Dev + ".dun" }

// update makes the resolver file what it was plus the claims of all living
// connections, of the owners in dir and in any other state directory that
// takes part in the file. Without claims the file becomes what it was.
func (r *resolver) update(dir string) error {
	where, err := r.file.locate()
	if err != nil {
		return err
	}
	unlock, err := where.lock()
	if err != nil {
		return err
	}
	defer unlock()
	where.tidy()
	text, err := r.file.read()
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil && !missing {
		return cause.Wrap(classify(err), err, "resolver file")
	}
	now := parseOurs(text)
	base := now.base
	if !now.ours {
		base = original{text: text, missing: missing}
	}
	var claims []ranked
	var dirs []string
	for _, d := range union([]string{dir}, now.dirs) {
		some, err := livingClaims(d, where.id)
		if err != nil && d == dir {
			return err
		}
		if len(some) > 0 { // one that cannot be read has none
			dirs = append(dirs, d)
			claims = append(claims, some...)
		}
	}
	if len(claims) == 0 {
		if !now.ours {
			return nil
		}
		if base.missing {
			return where.remove()
		}
		return where.write(base.text, text)
	}
	want := compose(base, claims, dirs)
	if bytes.Equal(want, text) {
		return nil
	}
	return where.write(want, text)
}

// ranked is a claim with its place among the others.
type ranked struct {
	seq int64
	*dnsClaim
}

// livingClaims reads the claims on the file called target.
func livingClaims(dir, target string) (claims []ranked, err error) {
	living, _, err := owners(dir, "")
	for _, o := range living {
		if o.journal == nil {
			continue
		}
		for _, rec := range o.journal.Connections {
			if c := rec.DNS; c != nil && c.Backend == backendFile && c.Target == target {
				claims = append(claims, ranked{rec.Seq, c})
			}
		}
	}
	return claims, err
}

// command finds a program, also where an ordinary PATH has no sbin.
func command(name string) string {
	if p, err := exec.LookPath(name); err == nil {
		return p
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/bin", "/bin"} {
		if p, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return p
		}
	}
	return ""
}

func run(in []byte, name string, args ...string) error {
	path := command(name)
	if path == "" {
		return cause.New(cause.NetworkSetup, "the program %s is gone", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = bytes.NewReader(in)
	cmd.WaitDelay = time.Second // for a child that keeps the pipe
	out, err := cmd.CombinedOutput()
	if err != nil {
		return cause.Wrap(cause.NetworkSetup, err, "%s %s: %s", name, strings.Join(args, " "), firstLine(out))
	}
	return nil
}

func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return string(line[:min(len(line), 200)])
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

func addrStrings(addrs []netip.Addr) (out []string) {
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// union gives the strings of a and b, each once, in their order.
func union(a, b []string) (out []string) {
	for _, s := range append(slices.Clone(a), b...) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
