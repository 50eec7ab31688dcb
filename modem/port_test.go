package modem

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/modem/modemtest"
)

func mustOpen(t *testing.T, cfg Config) *port {
	t.Helper()
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	p, err := openPort(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

func TestPortSettings(t *testing.T) {
	_, cfg := newModem(t, newExchange(t), modemtest.Config{})
	fd, err := unix.Open(cfg.Port, unix.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flow   Flow
		rtscts bool
	}{{FlowHardware, true}, {FlowNone, false}} {
		cfg.Flow, cfg.Speed = c.flow, 57600
		p := mustOpen(t, cfg)
		got, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if on := got.Cflag&unix.CRTSCTS != 0; on != c.rtscts {
			t.Errorf("flow %v: CRTSCTS is %v", c.flow, on)
		}
		if got.Cflag&unix.CBAUD != unix.B57600 || got.Cflag&unix.CSIZE != unix.CS8 || got.Lflag != 0 || got.Oflag != 0 || got.Cflag&unix.HUPCL == 0 {
			t.Errorf("settings %+v", got)
		}
		p.close()
		p.close()
		after, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if *after != *before {
			t.Errorf("left as\n%+v, was\n%+v", after, before)
		}
	}
}

// A port has one owner, by whatever name it is called.
func TestPortExclusive(t *testing.T) {
	_, cfg := newModem(t, newExchange(t), modemtest.Config{})
	mustOpen(t, cfg)
	alias := filepath.Join(t.TempDir(), "modem")
	if err := os.Symlink(cfg.Port, alias); err != nil {
		t.Fatal(err)
	}
	other, _ := cfg.withDefaults()
	other.Port = alias
	_, err := openPort(&other)
	wantCause(t, err, cause.PortBusy)
	if want := fmt.Sprintf("process %d", os.Getpid()); !strings.Contains(err.Error(), want) {
		t.Errorf("%v does not name %s", err, want)
	}
	other.LockDir = t.TempDir() // flock alone does as well
	_, err = openPort(&other)
	wantCause(t, err, cause.PortBusy)
	left, _ := filepath.Glob(filepath.Join(cfg.LockDir, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "LCK..pts_"+filepath.Base(cfg.Port) {
		t.Errorf("lock files %v", left)
	}
}

func TestLockFile(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	_, cfg := newModem(t, newExchange(t), modemtest.Config{})
	lock := filepath.Join(cfg.LockDir, "LCK..pts_"+filepath.Base(cfg.Port))
	full, _ := cfg.withDefaults()
	for _, c := range []struct {
		name, content string
		busy          bool
	}{
		{"of a living process", fmt.Sprintf("%10d\n", os.Getppid()), true},
		{"of a dead process", fmt.Sprintf("%10d\n", dead.Process.Pid), false},
		{"with our own pid, left by another", fmt.Sprintf("%10d\n", os.Getpid()), false},
		{"empty", "", false},
		{"garbage", "what\n", false},
		{"negative", "       -1\n", false},
	} {
		if err := os.WriteFile(lock, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := openPort(&full)
		if c.busy {
			wantCause(t, err, cause.PortBusy)
			if !strings.Contains(err.Error(), fmt.Sprint(os.Getppid())) {
				t.Errorf("%v does not name the process", err)
			}
			if b, _ := os.ReadFile(lock); string(b) != c.content {
				t.Errorf("%s: the lock is now %q", c.name, b)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if b, _ := os.ReadFile(lock); string(b) != fmt.Sprintf("%10d\n", os.Getpid()) {
			t.Errorf("%s: the lock is now %q", c.name, b)
		}
		p.close()
		if left, _ := filepath.Glob(filepath.Join(cfg.LockDir, "*")); len(left) > 0 {
			t.Errorf("%s: left behind %v", c.name, left)
		}
	}
	// Somebody else's lock is not ours to remove.
	p := mustOpen(t, cfg)
	os.WriteFile(lock, []byte(fmt.Sprintf("%10d\n", os.Getppid())), 0o644)
	p.close()
	if _, err := os.Stat(lock); err != nil {
		t.Error("the lock of another was removed")
	}

	full.LockDir = filepath.Join(cfg.LockDir, "missing")
	p, err := openPort(&full)
	if err != nil {
		t.Fatalf("without a lock directory: %v", err)
	}
	p.close()
}

func TestLockPath(t *testing.T) {
	dir := t.TempDir()
	for device, want := range map[string]string{
		"/dev/ttyS1":         "LCK..ttyS1",
		"/dev/pts/3":         "LCK..pts_3",
		"/dev/serial/a/port": "LCK..serial_a_port",
		"/tmp/x":             "LCK..tmp_x",
	} {
		if got := lockPath(dir, device); got != filepath.Join(dir, want) {
			t.Errorf("%s: %s", device, got)
		}
	}
	if got := lockPath(dir+"/missing", "/dev/ttyS1"); got != "" {
		t.Errorf("missing directory: %s", got)
	}
}
