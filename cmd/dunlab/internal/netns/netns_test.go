package netns

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"
)

// forbidden is why the tests that need namespaces cannot run.
var forbidden error

// TestMain runs the tests again inside namespaces of their own.
func TestMain(m *testing.M) {
	inside, code, err := Enter(context.Background())
	if inside && err == nil {
		os.Exit(m.Run())
	}
	if err == nil {
		os.Exit(code)
	}
	forbidden = err
	fmt.Println("only the tests without namespaces run:", err)
	os.Exit(m.Run())
}

func newHost(t *testing.T, name string, o Options) *Host {
	t.Helper()
	if forbidden != nil {
		t.Fatal(forbidden)
	}
	h, err := New(name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// pair is two hosts on a cable, 10.1.0.1 and 10.1.0.2.
func pair(t *testing.T) (a, b *Host) {
	a, b = newHost(t, "a", Options{}), newHost(t, "b", Options{})
	must(t, Cable(a, "eth0", b, "eth0"),
		a.Address("eth0", netip.MustParsePrefix("10.1.0.1/24")),
		b.Address("eth0", netip.MustParsePrefix("10.1.0.2/24")))
	return a, b
}

func TestTwoHostsOnACable(t *testing.T) {
	a, b := pair(t)
	var l net.Listener
	must(t, b.Do(func() (err error) { l, err = net.Listen("tcp", "10.1.0.2:0"); return }))
	defer l.Close()
	must(t, a.Do(func() error {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
		if err == nil {
			c.Close()
		}
		return err
	}))
	must(t, a.Down("eth0"))
	err := a.Do(func() error {
		c, err := net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
		if err == nil {
			c.Close()
		}
		return err
	})
	if err == nil {
		t.Error("a pulled cable still carries")
	}
}

func TestHostsAreApart(t *testing.T) {
	a, b := pair(t)
	names, err := a.Interfaces()
	must(t, err)
	slices.Sort(names)
	if !slices.Equal(names, []string{"eth0", "lo"}) {
		t.Errorf("interfaces of a: %v", names)
	}
	before, err := a.Routes()
	must(t, err, a.Route(netip.MustParsePrefix("10.9.0.0/16"), netip.MustParseAddr("10.1.0.2")))
	after, err := a.Routes()
	must(t, err)
	if len(after) != len(before)+1 {
		t.Errorf("routes of a: %v, then %v", before, after)
	}
	other, err := b.Routes()
	must(t, err)
	if strings.Contains(strings.Join(other, "\n"), "10.9.") {
		t.Errorf("b has the route of a: %v", other)
	}
	must(t, b.Sysctl("net/ipv4/ip_forward", "1"))
	out, err := a.Run(t.Context(), "cat", "/proc/sys/net/ipv4/ip_forward")
	must(t, err)
	if strings.TrimSpace(string(out)) != "0" {
		t.Error("b's forwarding is a's")
	}
}

func TestBridgeAndRemove(t *testing.T) {
	hub := newHost(t, "hub", Options{})
	must(t, hub.Bridge("br0"))
	for i, name := range []string{"a", "b"} {
		h := newHost(t, name, Options{})
		must(t, Cable(hub, "p"+name, h, "eth0"), hub.Join("p"+name, "br0"),
			h.Address("eth0", netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 2, 0, byte(i + 1)}), 24)))
	}
	must(t, hub.Remove("pa"))
	if err := hub.Remove("pa"); err == nil {
		t.Error("removed twice")
	}
}

func TestPrivateFilesStayPrivate(t *testing.T) {
	h := newHost(t, "device", Options{Private: true, Files: map[string]string{"resolv.conf": "nameserver 192.0.2.1\n", "ppp/secrets": "x"}})
	out, err := h.Run(t.Context(), "cat", "/etc/resolv.conf")
	must(t, err)
	if string(out) != "nameserver 192.0.2.1\n" {
		t.Errorf("resolv.conf: %q", out)
	}
	must(t, h.Do(func() error { return os.WriteFile("/etc/dunlab-was-here", nil, 0o600) }))
	if _, err := os.Stat("/etc/dunlab-was-here"); err == nil {
		t.Error("the host writes to the machine's /etc")
	}
}

func TestProcesses(t *testing.T) {
	h := newHost(t, "a", Options{})
	if _, err := h.Run(t.Context(), "sh", "-c", "echo first >&2; echo the last words >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "the last words") {
		t.Errorf("failed program: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Run(ctx, "sleep", "1000"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled program: %v", err)
	}
	p, err := h.Start([]string{"sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done"}, nil, nil, nil)
	must(t, err)
	must(t, h.Close())
	select {
	case <-p.Done():
	default:
		t.Error("a process outlives its host")
	}
	if err := h.Do(func() error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed host works: %v", err)
	}
}

func TestReasons(t *testing.T) {
	closed := fstest.MapFS{
		"proc/sys/kernel/apparmor_restrict_unprivileged_userns": {Data: []byte("1\n")},
		"proc/sys/user/max_user_namespaces":                     {Data: []byte("0\n")},
	}
	got := strings.Join(reasons(closed, 1000), "\n")
	for _, want := range []string{"AppArmor", "kernel.apparmor_restrict_unprivileged_userns=0", "max_user_namespaces = 0", "as root"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	open := fstest.MapFS{"proc/sys/kernel/unprivileged_userns_clone": {Data: []byte("1\n")}}
	if got := strings.Join(reasons(open, 0), "\n"); strings.Contains(got, "sysctl") || !strings.Contains(got, "container") {
		t.Errorf("an open system: %s", got)
	}
	if err := Explain(unix.EEXIST); err != unix.EEXIST {
		t.Errorf("a plain error is explained: %v", err)
	}
	if err := Explain(unix.EPERM); !errors.Is(err, ErrForbidden) || !errors.Is(err, unix.EPERM) {
		t.Errorf("a refusal: %v", err)
	}
}

func TestTUNReason(t *testing.T) {
	for _, c := range []struct {
		err  error
		uid  int
		want string
	}{
		{fs.ErrNotExist, 0, "modprobe tun"},
		{fs.ErrPermission, 1000, "chmod 666 /dev/net/tun"},
		{unix.ENODEV, 0, "no TUN driver"},
	} {
		if got := tunReason(c.err, c.uid).Error(); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q has no %q", c.err, got, c.want)
		}
	}
}

func TestLastLines(t *testing.T) {
	if got := LastLines("a\nb\nc\n", 2); got != "b | c" {
		t.Error(got)
	}
	if got := LastLines("", 2); got != "" {
		t.Error(got)
	}
}
