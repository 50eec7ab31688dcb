package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// becomeWithTwoCapabilities makes CAP_NET_ADMIN and CAP_NET_RAW all that this
// process can ever have (capabilities(7), the bounding set), and becomes dun.
func becomeWithTwoCapabilities() {
	runtime.LockOSThread()
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if c != unix.CAP_NET_ADMIN && c != unix.CAP_NET_RAW {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
				fmt.Fprintln(os.Stderr, "dropping capability", c, err)
				os.Exit(99)
			}
		}
	}
	os.Unsetenv(capsEnv)
	fmt.Fprintln(os.Stderr, syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
	os.Exit(99)
}

// TestTwoCapabilities: the whole job, both ends, with no other right than the
// two that the documents name.
func TestTwoCapabilities(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, true)
		w.device.env, w.office.env = []string{capsEnv + "=1"}, []string{capsEnv + "=1"}
		server := w.serve()
		dial := w.up("office")
		for _, p := range []*program{server, dial} {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(status), "CapEff:\t0000000000003000\n") {
				t.Errorf("dun %v has not exactly the two:\n%s", p.args, status)
			}
		}
		if err := agenttest.RoundTrips(nil, t, lanHost, 20, 1000); err != nil {
			t.Error(err)
		}
		b, err := os.ReadFile(w.resolv)
		if err != nil || !strings.Contains(string(b), "10.0.0.53") {
			t.Errorf("the resolver file has %q, %v", b, err)
		}
		dial.signal(unix.SIGINT)
		dial.exits(5)
		mustNotContain(t, dial.stderr()+server.stderr(), "warning")
		w.nothingLeft(t)
		server.signal(unix.SIGTERM)
		server.exits(5)
	})
}
