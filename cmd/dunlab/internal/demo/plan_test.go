package demo

import (
	"os"
	"path/filepath"
	"testing"

	"dun/configs"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// write puts files where a program reads them: below dir, without "dun/".
func write(t *testing.T, files map[string]string, secrets string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "secrets.toml"), []byte(secrets), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestDeviceFiles reads the device's files as dun does.
func TestDeviceFiles(t *testing.T) {
	files, secrets := deviceFiles("/dev/pts/7")
	dir := write(t, files, secrets)
	book, keys, err := phonebook.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	office, ok := book.Entry("office")
	if !ok || office.Encryption != ppp.Require || len(office.Via) != 1 || office.Via[0] != "isp" || office.Host != officeName {
		t.Errorf("entry office is %v", office)
	}
	isp, ok := book.Entry("isp")
	if !ok || len(isp.Phone) != 1 || isp.Phone[0] != ispNumber || !isp.DefaultRoute {
		t.Errorf("entry isp is %v", isp)
	}
	if keys.Entry("office").Password != officePassword || keys.Entry("isp").Password != ispPassword {
		t.Error("the passwords are not those of the accounts")
	}
	device, err := configs.LoadDevice(filepath.Join(dir, "device.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := device.Modems[isp.Modem].Port; got != "/dev/pts/7" {
		t.Errorf("the modem's port is %q", got)
	}
}

// TestOfficeFiles reads the office's files as dun serve does.
func TestOfficeFiles(t *testing.T) {
	files, secrets := officeFiles()
	dir := write(t, files, secrets)
	server, err := configs.LoadServer(filepath.Join(dir, "server.toml"))
	if err != nil {
		t.Fatal(err)
	}
	p := server.PPTP
	if p.Encryption != ppp.Require || len(p.MPPE) != 1 || p.MPPE[0] != (ppp.MPPEMode{Bits: 128, Stateless: true}) {
		t.Errorf("encryption %v %v: MPPE with 128 bit has to be required", p.Encryption, p.MPPE)
	}
	if p.Local != officeLAN.Addr() || !p.Forward {
		t.Errorf("local %v, forward %v", p.Local, p.Forward)
	}
	_, keys, err := phonebook.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := keys.Find(officeUser); !ok || s.Password != officePassword {
		t.Error("the caller's account is not there")
	}
}
