package configs

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"dun/dialup/strict"
	"dun/modem"
)

// The files' names in the configuration directory.
const (
	DeviceFile = "device.toml"
	ServerFile = "server.toml"
)

// Device is device.toml.
type Device struct {
	Modems  map[string]modem.Config
	Runtime string // directory of the control socket and the journal, "" = the default
	// ResolvConf is the resolver file, "" = what the system uses.
	ResolvConf string
	FastPath   FastPath
	Console    Console
	Agent      Agent
	Warnings   strict.Problems

	names []string
}

// Names lists the modems in the order of the file.
func (d Device) Names() []string { return slices.Clone(d.names) }

// LoadDevice reads device.toml. A file that does not exist is an empty one: a
// tunnel over the LAN needs no modem. The error has cause.BadConfig and wraps
// strict.Problems.
func LoadDevice(name string) (Device, error) {
	d, problems := readDevice(strict.Load(name, false), filepath.Join(filepath.Dir(name), "modems"))
	if err := problems.Err(); err != nil {
		return Device{}, err
	}
	d.Warnings = problems
	return d, nil
}

// CheckDevice lists all that is wrong with device.toml, or just unusual, and
// gives what could be read in spite of it.
func CheckDevice(name string) (Device, strict.Problems) {
	return readDevice(strict.Load(name, false), filepath.Join(filepath.Dir(name), "modems"))
}

// readDevice reads a document; own is the directory of the machine's own profiles.
func readDevice(doc *strict.Document, own string) (Device, strict.Problems) {
	d := Device{Modems: make(map[string]modem.Config), Agent: agentDefaults}
	if doc.Missing {
		return d, nil
	}
	var problems strict.Problems
	r := doc.Reader(doc.Root)
	for _, it := range r.Tables("modem") {
		if !validName(it.Key) {
			doc.Wrong(it.At, it.Path, "A name has letters, digits and . _ - and begins with a letter or a digit.", "This cannot be a modem's name.")
		}
		cfg, more := readModem(doc.Reader(it.Value.Table), own)
		problems = append(problems, more...)
		d.Modems[it.Key] = cfg
		d.names = append(d.names, it.Key)
	}
	if t, ok := r.Table("runtime"); ok {
		tr := doc.Reader(t)
		d.Runtime = readPath(tr, "directory", "/run/dun")
		tr.Finish()
	}
	if t, ok := r.Table("resolver"); ok {
		tr := doc.Reader(t)
		d.ResolvConf = readPath(tr, "file", "/etc/resolv.conf")
		tr.Finish()
	}
	if t, ok := r.Table("fast-path"); ok {
		tr := doc.Reader(t)
		d.FastPath = readFastPath(tr)
		tr.Finish()
	}
	if t, ok := r.Table("agent"); ok {
		tr := doc.Reader(t)
		d.Agent = readAgent(tr)
		tr.Finish()
	}
	if t, ok := r.Table("console"); ok {
		tr := doc.Reader(t)
		d.Console = readConsole(tr)
		tr.Finish()
	}
	r.Finish()
	return d, append(doc.Problems(), problems...)
}

// readPath is an absolute file name.
func readPath(r *strict.Reader, key, example string) string {
	path, ok := r.String(key, `"`+example+`"`)
	if ok && !filepath.IsAbs(path) {
		r.Wrong(key, `Write for example: `+key+` = "`+example+`"`, "The path does not begin with '/'.")
		return ""
	}
	return path
}

// validName reports whether a name is fit for command lines and file names.
func validName(name string) bool {
	if name == "" || len(name) > 32 || strings.ContainsAny(name[:1], "._-") {
		return false
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r) {
			return false
		}
	}
	return true
}
