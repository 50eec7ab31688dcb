package netnstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const (
	mainEnv = "DUN_NETNSTEST_MAIN" // set in the child that Main started
	runEnv  = "DUN_NETNSTEST_RUN"  // in a child of Run: the name of its test
)

// Main runs the tests of m in new namespaces and returns what os.Exit wants.
// Workers of the fuzzer stay where their coordinator is.
func Main(m *testing.M) int {
	if os.Getenv(mainEnv) != "" || os.Getenv(runEnv) != "" || isFuzzWorker() {
		if os.Getenv(mainEnv) == "1" {
			if err := settle(); err != nil {
				fmt.Fprintln(os.Stderr, "netnstest:", err)
				return 1
			}
			os.Setenv(mainEnv, "2")
		}
		return m.Run()
	}
	cmd, err := start(os.Args[1:], mainEnv+"=1")
	if err != nil {
		fmt.Fprintln(os.Stderr, "netnstest:", err)
		return 1
	}
	if err := cmd.Wait(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() > 0 {
			return exit.ExitCode()
		}
		fmt.Fprintln(os.Stderr, "netnstest: the child:", err)
		return 1
	}
	return 0
}

// Run runs fn in new namespaces: the test binary is started again for t alone,
// and fn is called there. In the parent, Run ends the test with the child's
// result; nothing of t that follows Run is reached in either of them twice.
func Run(t *testing.T, fn func(t *testing.T)) {
	t.Helper()
	switch os.Getenv(runEnv) {
	case t.Name():
		if err := settle(); err != nil {
			t.Fatalf("netnstest: %v", err)
		}
		fn(t)
		return
	case "":
	default:
		if strings.HasPrefix(os.Getenv(runEnv), t.Name()+"/") {
			fn(t) // a parent of the test that is meant
			return
		}
		t.Fatalf("netnstest: %s inside %s: Run cannot be nested", t.Name(), os.Getenv(runEnv))
	}

	args := []string{"-test.run=" + pattern(t.Name()), "-test.v", "-test.count=1"}
	if d, ok := t.Deadline(); ok {
		args = append(args, "-test.timeout="+time.Until(d).String())
	}
	for _, a := range os.Args[1:] {
		if strings.HasPrefix(a, "-test.short") || !strings.HasPrefix(a, "-test.") {
			args = append(args, a)
		}
	}
	out := new(strings.Builder)
	cmd, err := startTo(out, args, runEnv+"="+t.Name())
	if err != nil {
		t.Fatalf("netnstest: %v", err)
	}
	err = cmd.Wait()
	if err == nil && !strings.Contains(out.String(), "--- PASS: "+t.Name()+" ") {
		err = errors.New("the child did not run the test")
	}
	if err != nil {
		t.Fatalf("in new namespaces: %v\n%s", err, out)
	}
	if testing.Verbose() {
		t.Logf("in new namespaces:\n%s", out)
	}
}

func isFuzzWorker() bool {
	for _, a := range os.Args[1:] {
		if strings.HasPrefix(a, "-test.fuzzworker") {
			return true
		}
	}
	return false
}

// pattern matches exactly the test called name.
func pattern(name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

func start(args []string, env ...string) (*exec.Cmd, error) {
	return startTo(nil, args, env...)
}

// startTo starts this program again in new namespaces, its output into out or
// ours. A root user without the right to user namespaces goes without.
func startTo(out *strings.Builder, args []string, env ...string) (*exec.Cmd, error) {
	const spaces = unix.CLONE_NEWNET | unix.CLONE_NEWNS
	run := func(flags uintptr) (*exec.Cmd, error) {
		cmd := exec.Command("/proc/self/exe", args...)
		cmd.Args[0] = os.Args[0]
		cmd.Env = append(os.Environ(), env...)
		cmd.Stdin = os.Stdin
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		if out != nil {
			cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, out, out
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
		if flags&unix.CLONE_NEWUSER != 0 {
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
		}
		// Pdeathsig is sent when the thread ends, not the process: it must
		// not be one that Go retires. Each caller blocks until the child is
		// done, so the thread stays with it.
		runtime.LockOSThread()
		return cmd, cmd.Start()
	}
	cmd, err := run(spaces | unix.CLONE_NEWUSER)
	if err != nil && os.Geteuid() == 0 {
		if c, e := run(spaces); e == nil {
			return c, nil
		}
	}
	if err != nil {
		return nil, forbidden(err)
	}
	return cmd, nil
}

func forbidden(err error) error {
	reason := "making user, network and mount namespaces: " + err.Error()
	for _, f := range []struct{ file, bad, say string }{
		{"/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces is 0"},
		{"/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone is 0"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns is 1"},
	} {
		if b, e := os.ReadFile(f.file); e == nil && strings.TrimSpace(string(b)) == f.bad {
			reason += "; " + f.say
		}
	}
	return errors.New(reason + "; run the tests as root, or allow it")
}

// settle finishes new namespaces from inside.
func settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return forbidden(fmt.Errorf("mounts cannot be made private: %w", err))
	}
	if err := loopbackUp(); err != nil {
		return forbidden(err)
	}
	return nil
}

func loopbackUp() error {
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return fmt.Errorf("loopback interface: %w", err)
	}
	return nil
}
