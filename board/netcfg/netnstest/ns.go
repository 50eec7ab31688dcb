package netnstest

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// NS is a further network namespace of a test, with its loopback up.
type NS struct{ file *os.File }

// NewNS makes a namespace that goes when the test ends.
func NewNS(t testing.TB) *NS {
	t.Helper()
	ns := new(NS)
	err := onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("new network namespace: %w", err)
		}
		f, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			return err
		}
		ns.file = f
		return loopbackUp()
	})
	if err != nil {
		t.Fatalf("netnstest: %v", err)
	}
	t.Cleanup(func() { ns.file.Close() })
	return ns
}

// Do runs fn on a thread inside the namespace and waits for it. Sockets and
// TUN devices opened by fn, and programs started by it, belong to the
// namespace for good; goroutines that fn starts do not run there. fn must not
// call t.FailNow.
func (ns *NS) Do(t testing.TB, fn func()) {
	t.Helper()
	if ns == nil {
		fn()
		return
	}
	err := onOwnThread(func() error {
		if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering the namespace: %w", err)
		}
		fn()
		return nil
	})
	if err != nil {
		t.Fatalf("netnstest: %v", err)
	}
}

// End is one end of a Veth.
type End struct {
	NS   *NS    // nil is the test's own namespace
	Name string // of the interface
	Addr string // "192.0.2.1/24", "" for none
}

// Veth joins two namespaces by a cable and brings both ends up.
func Veth(t testing.TB, a, b End) {
	t.Helper()
	// Both ends are made where a is, under a name that cannot be taken yet.
	tmp := fmt.Sprintf("tmp%x", time.Now().UnixNano()&0xffffffff)
	var err error
	a.NS.Do(t, func() {
		la := netlink.NewLinkAttrs()
		la.Name = a.Name
		if err = netlink.LinkAdd(&netlink.Veth{LinkAttrs: la, PeerName: tmp}); err != nil {
			err = fmt.Errorf("veth %s: %w", a.Name, err)
			return
		}
		var peer netlink.Link
		if peer, err = netlink.LinkByName(tmp); err != nil {
			return
		}
		if b.NS != nil {
			err = netlink.LinkSetNsFd(peer, int(b.NS.file.Fd()))
		} else {
			err = moveHome(peer, a.NS)
		}
	})
	if err == nil {
		err = b.up(t, tmp)
	}
	if err == nil {
		err = a.up(t, a.Name)
	}
	if err != nil {
		t.Fatalf("netnstest: veth %s, %s: %v", a.Name, b.Name, err)
	}
}

// moveHome moves link out of ns into the process's own namespace.
func moveHome(link netlink.Link, ns *NS) error {
	if ns == nil {
		return nil
	}
	home, err := os.Open("/proc/self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	return netlink.LinkSetNsFd(link, int(home.Fd()))
}

// up names the interface, gives it its address and brings it up.
func (e End) up(t testing.TB, name string) (err error) {
	t.Helper()
	e.NS.Do(t, func() {
		var link netlink.Link
		if link, err = netlink.LinkByName(name); err != nil {
			return
		}
		if name != e.Name {
			if err = netlink.LinkSetName(link, e.Name); err != nil {
				return
			}
		}
		if e.Addr != "" {
			var p netip.Prefix
			if p, err = netip.ParsePrefix(e.Addr); err != nil {
				return
			}
			var addr *netlink.Addr
			if addr, err = netlink.ParseAddr(p.String()); err != nil {
				return
			}
			if p.Addr().Is6() {
				addr.Flags = unix.IFA_F_NODAD // usable at once
			}
			if err = netlink.AddrAdd(link, addr); err != nil {
				return
			}
		}
		err = netlink.LinkSetUp(link)
	})
	return err
}

// onOwnThread runs fn on a thread that ends afterwards, since it has left the
// process's namespace and no other goroutine may get it.
func onOwnThread(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.Gettid() != unix.Getpid() {
			done <- fn()
			return
		}
		// The process's first thread cannot end, and /proc/self shows its
		// namespaces. While it is held here, another one does the work.
		done <- onOwnThread(fn)
		runtime.UnlockOSThread()
	}()
	return <-done
}
