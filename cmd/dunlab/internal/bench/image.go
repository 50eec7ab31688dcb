package bench

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Files of a guest.
const (
	guestDun    = "/bin/dun"
	jobFile     = "/job.json"
	modulesFile = "/modules.txt"
)

// pairModules and demoModules are what a Pair and the demonstration need of
// a kernel.
var (
	pairModules = []string{"veth", "tun", "ppp_generic", "ppp_mppe", "ppp_async", "pppox", "pptp"}
	demoModules = []string{"veth", "tun"}
)

// image is the first file system of a guest.
type image struct {
	kernel  kernelTree
	dunlab  string // becomes the first process
	dun     string
	modules []string
	job     job
	peers   bool // with pptp-linux, pptpd and pppd
}

// write writes it into a temporary file.
func (i image) write() (path string, err error) {
	f, err := os.CreateTemp("", "dunlab-initrd-")
	if err != nil {
		return "", err
	}
	defer f.Close()
	// Compressed, since a small machine holds it twice while it unpacks it.
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return f.Name(), err
	}
	a := newArchive(z)
	for _, d := range []string{"/proc", "/sys", "/dev", "/run", "/tmp", "/var", "/etc", "/bin", "/sbin", "/usr/sbin"} {
		a.dir(d)
	}
	a.link("/var/run", "/run")
	a.link("/var/lock", "/run/lock")
	a.copy(i.dunlab, "/init")
	a.copy(i.dun, guestDun)
	for _, name := range []string{"passwd", "group", "protocols", "services", "nsswitch.conf"} {
		if b, err := os.ReadFile(filepath.Join("/etc", name)); err == nil {
			a.file("/etc/"+name, 0o644, b)
		}
	}
	if i.peers {
		for _, program := range []string{"/bin/sh", pppdProgram, pptpProgram, pptpdProgram, "/usr/sbin/pptpctrl"} {
			if err := a.program(program); err != nil {
				return f.Name(), fmt.Errorf("%w (Debian packages ppp, pptpd, pptp-linux)", err)
			}
		}
	}
	b, err := json.Marshal(i.job)
	if err != nil {
		return f.Name(), err
	}
	a.file(jobFile, 0o644, b)
	a.file(modulesFile, 0o644, []byte(strings.Join(i.modules, "\n")))
	if err := i.kernel.addModules(a, i.modules...); err != nil {
		return f.Name(), err
	}
	return f.Name(), errors.Join(a.close(), z.Close())
}

func (p Plan) needsPeers() bool {
	for _, k := range p.Kinds {
		if strings.HasPrefix(k, "pptp-linux") {
			return true
		}
	}
	return false
}
