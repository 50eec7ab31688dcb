package configs

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dun/dialup/strict"
	"dun/modem"
)

// defaultProfile serves a modem that names none.
const defaultProfile = "hayes"

const (
	maxLine = 512 // octets of a command
	maxInit = 32
	minLine = 10
)

// readModem reads [modem.NAME]: the profile that it names, and over that its
// own settings. Problems are those of the profile's file; the table's own are
// with its document.
func readModem(r *strict.Reader, own string) (modem.Config, strict.Problems) {
	name, ok := r.String("profile", `"`+defaultProfile+`"`)
	if !ok {
		name = defaultProfile
	}
	cfg, problems := profile(r, name, own)
	cfg.Port, ok = r.String("port", `"/dev/ttyS1"`)
	r.Missing("port", `Write port = "/dev/ttyS1".`, "The modem has no port.")
	if ok && !filepath.IsAbs(cfg.Port) {
		r.Wrong("port", `Write port = "/dev/`+cmp.Or(strings.TrimPrefix(cfg.Port, "./"), "ttyS1")+`".`, "The path does not begin with '/'.")
	}
	if dir := readPath(r, "lock-dir", "/var/lock"); dir != "" {
		cfg.LockDir = dir
	}
	if n, ok := r.Int("rings", 1, 30); ok {
		cfg.Rings = n
	}
	readQuirks(r, &cfg)
	r.Finish()
	return cfg, problems
}

// profile finds a profile: the machine's own before those that are built in.
func profile(r *strict.Reader, name, own string) (modem.Config, strict.Problems) {
	file := name + ".toml"
	if validName(name) && own != "" {
		path := filepath.Join(own, file)
		if _, err := os.Stat(path); err == nil {
			return readProfile(strict.Load(path, false))
		}
	}
	if data, err := profiles.ReadFile("modems/" + file); err == nil && validName(name) {
		return readProfile(strict.Parse("built-in "+file, data, false))
	}
	remedy := "Choose " + strict.List(Profiles(), "or") + ", or write " + filepath.Join(own, file) + "."
	if near := strict.Nearest(name, Profiles()); near != "" {
		remedy = `Did you mean "` + near + `"? ` + remedy
	}
	r.Wrong("profile", remedy, "There is no profile %s.", r.Quote(name))
	return modem.Config{}, nil
}

// readProfile reads a file of modems/: quirks at the top level.
func readProfile(doc *strict.Document) (modem.Config, strict.Problems) {
	var cfg modem.Config
	r := doc.Reader(doc.Root)
	r.String("description", `"Hayes-compatible modem"`)
	readQuirks(r, &cfg)
	r.Finish()
	return cfg, doc.Problems()
}

// readQuirks reads what profiles and modems have in common, over what cfg has.
func readQuirks(r *strict.Reader, cfg *modem.Config) {
	p := &cfg.Profile
	if n, ok := r.Int("speed", 300, 4000000); ok {
		cfg.Speed = n
	}
	lines, ok := r.Strings("init", `["ATZ"]`)
	for _, line := range lines {
		checkCommand(r, "init", line)
	}
	if len(lines) > maxInit {
		r.Wrong("init", "Put several commands into one line.", "There are more than %d init strings.", maxInit)
	} else if ok {
		p.Init = make([]string, len(lines)) // not nil: [] means none
		for i, line := range lines {
			p.Init[i] = line.Text
		}
	}
	command(r, "dial-command", "ATD", &p.DialCommand)
	command(r, "answer-command", "ATA", &p.Answer)
	command(r, "hang-up-command", "ATH", &p.HangUp)
	if i, ok := r.Choice("dialing", "tone", "pulse"); ok {
		p.Pulse = i == 1
	}
	dialString(r, "dial-prefix", "9,", &p.Prefix)
	dialString(r, "dial-suffix", "@", &p.Suffix)
	if n, ok := r.Int("max-command", 0, maxLine); ok {
		p.MaxCommand = n
		if n > 0 && n < minLine {
			r.Wrong("max-command", "Choose 10 or more, or 0 for no limit.", "This leaves no room for a number.")
		}
	}
	for _, d := range []struct {
		key  string
		to   *time.Duration
		low  time.Duration
		none bool // 0 is a value, not the default
	}{
		{"command-timeout", &p.CommandTimeout, 100 * time.Millisecond, false},
		{"sync-timeout", &p.SyncTimeout, 100 * time.Millisecond, false},
		{"dial-timeout", &p.DialTimeout, time.Second, false},
		{"answer-timeout", &p.AnswerTimeout, time.Second, false},
		{"guard-time", &p.Guard, 20 * time.Millisecond, false},
		{"command-delay", &p.CommandDelay, 0, true},
		{"dtr-time", &cfg.DTRTime, 10 * time.Millisecond, false},
		{"settle", &cfg.Settle, 0, true},
	} {
		if v, ok := r.Duration(d.key, d.low, 10*time.Minute); ok {
			if v == 0 && d.none {
				v = -1
			}
			*d.to = v
		}
	}
	if i, ok := r.Choice("flow", "hardware", "none"); ok {
		cfg.Flow = []modem.Flow{modem.FlowHardware, modem.FlowNone}[i]
	}
	if i, ok := r.Choice("hang-up", "auto", "dtr", "escape"); ok {
		cfg.HangUp = []modem.HangUp{modem.HangUpAuto, modem.HangUpDTR, modem.HangUpEscape}[i]
	}
	if i, ok := r.Choice("carrier", "auto", "text", "ignore"); ok {
		cfg.Carrier = []modem.Carrier{modem.CarrierAuto, modem.CarrierText, modem.CarrierIgnore}[i]
	}
	if n, ok := r.Int("mru", 128, 1500); ok {
		cfg.MRU = n
	}
	if n, ok := r.Uint32("accm", "0x000a0000"); ok {
		cfg.ACCM = n
	}
	if n, ok := r.Int("queue", 256, 1<<20); ok {
		cfg.Queue = n
	}
	checkLengths(r, cfg)
}

// command is one AT command line.
func command(r *strict.Reader, key, example string, to *string) {
	if s, ok := r.String(key, `"`+example+`"`); ok {
		checkCommand(r, key, strict.Text{Text: s, At: r.At(key)})
		*to = s
	}
}

func checkCommand(r *strict.Reader, key string, line strict.Text) {
	switch s := line.Text; {
	case len(s) < 2 || !strings.EqualFold(s[:2], "AT"):
		r.WrongAt(line.At, key, `Write the whole line, for example "ATZ".`, "%s does not begin with AT.", r.Quote(s))
	case len(s) > maxLine:
		r.WrongAt(line.At, key, "", "The command is longer than %d characters.", maxLine)
	case strings.IndexFunc(s, func(c rune) bool { return c > '~' }) >= 0:
		r.WrongAt(line.At, key, "", "%s has a character that modems do not know.", r.Quote(s))
	}
}

// dialString is what stands before or behind a number.
func dialString(r *strict.Reader, key, example string, to *string) {
	s, ok := r.String(key, `"`+example+`"`)
	if !ok {
		return
	}
	for _, c := range s {
		if !strings.ContainsRune("0123456789ABCDabcd*#+,WwTtPp@!$& ()-./", c) {
			r.Wrong(key, `Write digits and pauses, for example "`+example+`".`, "The character %q cannot be dialed.", c)
			return
		}
	}
	*to = s
}

// checkLengths reports init strings that the modem would cut off.
func checkLengths(r *strict.Reader, cfg *modem.Config) {
	long := func(s string) bool { return cfg.Profile.MaxCommand >= minLine && len(s) > cfg.Profile.MaxCommand }
	if i := slices.IndexFunc(cfg.Profile.Init, long); i >= 0 {
		r.Wrong("init", "Divide it into two.", "%s is longer than max-command, %d characters.", r.Quote(cfg.Profile.Init[i]), cfg.Profile.MaxCommand)
	}
}
