package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrForbidden is what the system's rules do not allow this user; the text
// around it names the rule and how to go on.
var ErrForbidden = errors.New("the system does not allow it")

// Explain adds to a refusal why the system refused to make a namespace.
// Other errors stay as they are.
func Explain(err error) error {
	if !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EUSERS) {
		return err
	}
	return fmt.Errorf("namespaces: %w: %w\n%s", ErrForbidden, err, strings.Join(reasons(os.DirFS("/"), os.Geteuid()), "\n"))
}

// rule is a setting of the system that forbids namespaces.
type rule struct {
	file   string
	bad    string // the value that forbids
	reason string
	remedy string
}

var rules = []rule{
	{"proc/sys/kernel/unprivileged_userns_clone", "0",
		"user namespaces are for root only (kernel.unprivileged_userns_clone = 0)",
		"sysctl -w kernel.unprivileged_userns_clone=1"},
	{"proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor takes the rights away in user namespaces (kernel.apparmor_restrict_unprivileged_userns = 1)",
		"sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
	{"proc/sys/user/max_user_namespaces", "0",
		"no user namespaces are allowed (user.max_user_namespaces = 0)",
		"sysctl -w user.max_user_namespaces=1000"},
	{"proc/sys/user/max_net_namespaces", "0",
		"no network namespaces are allowed (user.max_net_namespaces = 0)",
		"sysctl -w user.max_net_namespaces=1000"},
}

func reasons(system fs.FS, euid int) []string {
	var lines []string
	for _, r := range rules {
		if v, err := fs.ReadFile(system, r.file); err == nil && strings.TrimSpace(string(v)) == r.bad {
			lines = append(lines, "  "+r.reason, "  go on with: "+r.remedy+" (as root)")
		}
	}
	if len(lines) == 0 {
		lines = append(lines, "  no setting forbids it; in a container the container's own rules may (seccomp, missing capabilities)")
	}
	if euid != 0 {
		lines = append(lines, "  or run it as root")
	}
	return lines
}

// tunPath is the device that gives network interfaces to programs.
const tunPath = "/dev/net/tun"

// CheckTUN says why /dev/net/tun cannot be opened and how to go on; nil when
// it can.
func CheckTUN() error {
	f, err := os.OpenFile(tunPath, os.O_RDWR, 0)
	if err == nil {
		return f.Close()
	}
	return tunReason(err, os.Getuid())
}

func tunReason(err error, uid int) error {
	how := "run it as root"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		how = fmt.Sprintf("as root: modprobe tun; if the device is still missing: mkdir -p %s && mknod %s c 10 200 && chmod 666 %s", path.Dir(tunPath), tunPath, tunPath)
	case errors.Is(err, fs.ErrPermission) && uid != 0:
		how = fmt.Sprintf("udev normally leaves it open to all users, here it is closed; as root: chmod 666 %s, or run this as root", tunPath)
	case errors.Is(err, unix.ENODEV):
		how = "the kernel has no TUN driver; as root: modprobe tun"
	}
	return fmt.Errorf("%w: %w\n  %s", ErrForbidden, err, how)
}
