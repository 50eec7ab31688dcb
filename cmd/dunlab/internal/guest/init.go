package guest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/netns"
)

// Words on the console that the laboratory waits for.
const (
	readyWord  = "DUNLAB-GUEST-READY"
	failedWord = "DUNLAB-GUEST-FAILED "
)

// ControlNIC is the guest's interface to the laboratory itself.
const ControlNIC = "ctl0"

// specEnv names the Spec's file to the first process.
const specEnv = "DUNLAB_SPEC"

// IsInit reports whether this is the first process of a guest.
func IsInit() bool { return os.Getpid() == 1 && os.Getenv(specEnv) != "" }

// Init is the first process of a guest: it makes the guest what its Spec
// says, runs the agent and reaps whatever is left to it. When that fails it
// says why and ends the guest.
func Init() {
	path := os.Getenv(specEnv)
	spec, err := load(path)
	if err == nil {
		err = build(spec)
	}
	if err == nil {
		err = Supervise("guest-agent", path)
	}
	if err == nil {
		err = errors.New("the agent ended")
	}
	fmt.Println(failedWord + err.Error())
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func build(s Spec) error {
	if err := MountSystem(); err != nil {
		return err
	}
	if err := netns.MountPrivate(s.Files); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(s.Name)); err != nil {
		return err
	}
	if err := LoadModules(s.Modules); err != nil {
		return err
	}
	if err := connect(s); err != nil {
		return err
	}
	for name, value := range s.Sysctls {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0); err != nil {
			return err
		}
	}
	return nil
}

// MountSystem gives the read-only root what programs expect of a running
// system. /dev is made anew: the machine's own must not be written to.
func MountSystem() error {
	for _, m := range []struct {
		dir, typ, options string
	}{
		{"/proc", "proc", ""},
		{"/sys", "sysfs", ""},
		{"/dev", "tmpfs", "mode=0755,size=1m"},
		{"/dev/pts", "devpts", "mode=0620,ptmxmode=0666"},
	} {
		if m.typ == "devpts" {
			if err := os.Mkdir(m.dir, 0o755); err != nil {
				return err
			}
		}
		if err := unix.Mount(m.typ, m.dir, m.typ, 0, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	if err := os.Mkdir("/dev/net", 0o755); err != nil {
		return err
	}
	unix.Umask(0)
	defer unix.Umask(0o022)
	for _, d := range []struct {
		path         string
		major, minor uint32
	}{
		{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7}, {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9},
		{"/dev/tty", 5, 0}, {"/dev/console", 5, 1}, {"/dev/ptmx", 5, 2},
		{"/dev/ppp", 108, 0}, {"/dev/net/tun", 10, 200},
	} {
		if err := unix.Mknod(d.path, unix.S_IFCHR|0o666, int(unix.Mkdev(d.major, d.minor))); err != nil {
			return fmt.Errorf("mknod %s: %w", d.path, err)
		}
	}
	return errors.Join(os.Symlink("/proc/self/fd", "/dev/fd"), os.Symlink("fd/1", "/dev/stdout"), os.Symlink("fd/2", "/dev/stderr"))
}

// connect sets up the interfaces. eth0 is the control network, the others
// follow in the order of the Spec.
func connect(s Spec) error {
	n, err := netns.Here(s.Name)
	if err != nil {
		return err
	}
	if err := n.Up("lo"); err != nil {
		return err
	}
	control := NIC{Name: ControlNIC, Addr: controlPrefix(s.Control.Addr())}
	for i, nic := range append([]NIC{control}, s.NICs...) {
		if err := n.Rename("eth"+strconv.Itoa(i), "nic"+strconv.Itoa(i)); err != nil {
			return err
		}
		if err := n.Rename("nic"+strconv.Itoa(i), nic.Name); err != nil {
			return err
		}
		if nic.Addr.IsValid() {
			if err := n.Address(nic.Name, nic.Addr); err != nil {
				return err
			}
		}
		if err := n.Up(nic.Name); err != nil {
			return err
		}
	}
	for i, addr := range s.Dummies {
		if err := n.Dummy("behind"+strconv.Itoa(i), addr); err != nil {
			return err
		}
	}
	for _, r := range s.Routes {
		if err := n.Route(r.To, r.Via); err != nil {
			return err
		}
	}
	return nil
}

// Supervise runs dunlab's sub-command as a child and reaps every process
// that loses its parent, until the child ends. It gives nil when the child
// ended with code 0.
func Supervise(argv ...string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, argv...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/run", "TMPDIR=/run", "TERM=dumb")
	if err := cmd.Start(); err != nil {
		return err
	}
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return fmt.Errorf("waiting for the first program: %w", err)
		case pid == cmd.Process.Pid && status.Exited() && status.ExitStatus() == 0:
			return nil
		case pid == cmd.Process.Pid && status.Exited():
			return fmt.Errorf("the first program ended with code %d", status.ExitStatus())
		case pid == cmd.Process.Pid:
			return fmt.Errorf("the first program was ended by %v", status.Signal())
		}
	}
}
