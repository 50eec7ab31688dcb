package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/dialup/phonebook/foreign"
)

const (
	maxForeign      = 1 << 20 // octets that are read of a file, and one more tells that it is longer
	maxForeignFiles = 256
)

// foreignCommands carry entries from and to the files of other programs.
func foreignCommands() []*command {
	in, out := new(importing), new(exporting)
	formats := strings.Join(foreign.Formats(), ", ")
	return []*command{
		{
			name: "import", args: "FILE...", min: 1, max: many, short: "take entries over from Windows, wvdial, pppd or NetworkManager",
			flags: func(flags *flagSet) {
				flags.StringVar(&in.o.Format, "format", "", "the `FORMAT` of the files, "+formats+"; without it, what they look like")
				flags.StringVar(&in.o.As, "as", "", "call the entry `NAME`, where there is one")
				flags.StringVar(&in.o.User, "user", "", "the `NAME` that logs in where the files do not say it")
				flags.StringVar(&in.o.Modem, "modem", "", "the modem that dials where device.toml has none with the port, a `NAME` of device.toml")
				flags.BoolVar(&in.replace, "replace", false, "overwrite entries that have the same names")
				flags.BoolVar(&in.dry, "dry-run", false, "show what would be done and change nothing")
			},
			run: in.run,
		},
		{
			name: "export", args: "[ENTRY...]", max: many, short: "write entries for Windows, wvdial, pppd or NetworkManager",
			flags: func(flags *flagSet) {
				flags.StringVar(&out.format, "format", "", "the `FORMAT`: "+formats)
				flags.StringVar(&out.output, "output", "", "the file to write, or the directory for several, `PATH`; without it, standard output")
				flags.BoolVar(&out.secrets, "secrets", false, "write passwords too, into files that their owner alone can read")
				flags.BoolVar(&out.replace, "replace", false, "overwrite files")
			},
			run: out.run,
		},
	}
}

type importing struct {
	o            foreign.Options
	replace, dry bool
}

// imported is the report of an import in JSON.
type imported struct {
	Entries []string           `json:"entries"`
	Saved   bool               `json:"saved"`
	Notes   phonebook.Problems `json:"notes"`
}

func (in *importing) run(c *call, args []string) error {
	files, err := readForeign(args)
	if err != nil {
		return err
	}
	in.o.Modems = modemsOf(c.config)
	entries, notes, err := foreign.Read(files, in.o)
	report := imported{Entries: []string{}, Notes: append(phonebook.Problems{}, notes...)}
	if !c.json {
		for _, n := range notes {
			fmt.Fprintln(c.errOut, n)
		}
	}
	if err != nil {
		return err
	}
	e, err := phonebook.Begin(c.config)
	if err != nil {
		return notSaved(c, err)
	}
	defer e.Close()
	if err := in.add(c, e, entries); err != nil {
		return err
	}
	var warnings phonebook.Problems
	if in.dry {
		_, warnings = e.Check()
		err = warnings.Err()
	} else {
		warnings, err = e.Commit()
	}
	if err != nil {
		return notSaved(c, err)
	}
	book, _ := e.Check()
	for _, entry := range entries {
		report.Entries = append(report.Entries, entry.Name)
		in.tell(c, e, book, entry.Name, warnings)
	}
	if c.json {
		report.Saved = !in.dry
		return printJSON(c.out, report)
	}
	if in.dry {
		fmt.Fprintln(c.out, "Nothing was saved.")
	}
	return nil
}

// add puts the entries into the phonebook. One that is replaced keeps its
// password where the file has none.
func (in *importing) add(c *call, e *phonebook.Edit, entries []foreign.Entry) error {
	book, _ := e.Check()
	var there []string
	for _, entry := range entries {
		if _, known := book.Entry(entry.Name); known {
			there = append(there, entry.Name)
		}
	}
	if len(there) > 0 && !in.replace {
		return cause.New(cause.Usage, "the phonebook has %s already; --replace overwrites, --as NAME gives a single entry another name; nothing was saved", strings.Join(there, ", "))
	}
	_, secrets, err := phonebook.Load(c.config)
	for _, entry := range entries {
		secret, has := entry.Secret, entry.HasSecret
		if _, known := book.Entry(entry.Name); known {
			if !has && err == nil {
				secret, has = secrets.Entry(entry.Name), secrets.HasEntry(entry.Name)
			}
			if err := e.Remove(entry.Name); err != nil {
				return err
			}
		}
		if e.HasSecret(entry.Name) { // it would become this entry's unseen
			return cause.New(cause.BadConfig, "%s has a secret of the name %q, though there is no such entry; remove it there", phonebook.SecretsFile, entry.Name)
		}
		if err := e.Add(entry.Name, entry.Settings); err != nil {
			return err
		}
		if has {
			if err := e.SetSecret(entry.Name, secret); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell says what dialing an entry does now, and what is unusual in it.
func (in *importing) tell(c *call, e *phonebook.Edit, book *phonebook.Book, name string, warnings phonebook.Problems) {
	if c.json {
		return
	}
	for _, w := range warnings {
		if strings.HasPrefix(w.Key, "entry."+name+".") {
			fmt.Fprintln(c.errOut, w)
		}
	}
	if entry, there := book.Entry(name); there {
		text := phonebook.Describe(entry)
		if entry.User != "" && !e.HasSecret(name) {
			text += "; asks for the password"
		}
		fmt.Fprintln(c.out, text)
	}
}

// readForeign reads files, and those in directories.
func readForeign(args []string) ([]foreign.File, error) {
	var files []foreign.File
	for _, arg := range args {
		names := []string{arg}
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			inside, err := os.ReadDir(arg)
			if err != nil {
				return nil, cause.Wrap(cause.Usage, err, "")
			}
			names = nil
			for _, f := range inside {
				if f.Type().IsRegular() && f.Name()[0] != '.' && !strings.HasSuffix(f.Name(), "~") {
					names = append(names, filepath.Join(arg, f.Name()))
				}
			}
		}
		for _, name := range names {
			f, err := os.Open(name)
			if err != nil {
				return nil, cause.Wrap(cause.Usage, err, "")
			}
			data, err := io.ReadAll(io.LimitReader(f, maxForeign+1))
			f.Close()
			if err != nil {
				return nil, cause.Wrap(cause.Usage, err, "")
			}
			files = append(files, foreign.File{Name: name, Data: data})
		}
	}
	if len(files) > maxForeignFiles {
		return nil, cause.New(cause.Usage, "there are %d files, more than %d", len(files), maxForeignFiles)
	}
	return files, nil
}

// modemsOf is what device.toml says of its modems; a wrong one says nothing.
func modemsOf(dir string) []foreign.Modem {
	device, err := configs.LoadDevice(filepath.Join(dir, configs.DeviceFile))
	if err != nil {
		return nil
	}
	var list []foreign.Modem
	for _, name := range device.Names() {
		m := device.Modems[name]
		speed := m.Speed
		if speed == 0 {
			speed = 115200
		}
		list = append(list, foreign.Modem{Name: name, Port: m.Port, Speed: speed, Init: m.Profile.Init})
	}
	return list
}

type exporting struct {
	format, output   string
	secrets, replace bool
}

// exported is the report of an export in JSON.
type exported struct {
	Files []string           `json:"files"`
	Text  string             `json:"text,omitempty"` // where it went to no file
	Notes phonebook.Problems `json:"notes"`
}

func (out *exporting) run(c *call, args []string) error {
	switch {
	case out.format == "":
		return cause.New(cause.Usage, "--format says for whom: %s", strings.Join(foreign.Formats(), ", "))
	case out.secrets && out.output == "":
		return cause.New(cause.Usage, "passwords go into files only: --secrets wants --output")
	}
	book, secrets, err := phonebook.Load(c.config)
	if err != nil {
		return err
	}
	entries := book.Entries()
	if len(args) > 0 {
		entries = nil
	}
	for _, name := range args {
		e, known := book.Entry(name)
		if !known {
			return cause.New(cause.NoEntry, "%q", name)
		}
		entries = append(entries, e)
	}
	for i := range entries {
		if out.secrets {
			entries[i].Secret = secrets.Entry(entries[i].Name)
		}
	}
	files, notes, err := foreign.Write(out.format, entries, modemsOf(c.config))
	report := exported{Files: []string{}, Notes: append(phonebook.Problems{}, notes...)}
	if !c.json {
		for _, n := range notes {
			fmt.Fprintln(c.errOut, n)
		}
	}
	switch {
	case err != nil:
		return err
	case out.output != "":
		if report.Files, err = out.save(files); err != nil {
			return err
		}
	case len(files) > 1:
		return cause.New(cause.Usage, "%s has a file for each entry; --output names a directory for them", out.format)
	default:
		report.Text = files[0].Text
	}
	if c.json {
		return printJSON(c.out, report)
	}
	io.WriteString(c.out, report.Text)
	for _, name := range report.Files {
		fmt.Fprintln(c.out, name)
	}
	return nil
}

// save writes the files and gives their names. A single one is called as
// --output says, unless that is a directory.
func (out *exporting) save(files []*foreign.Output) ([]string, error) {
	info, err := os.Stat(out.output)
	dir := err == nil && info.IsDir() || strings.HasSuffix(out.output, "/")
	if len(files) > 1 && err == nil && !dir {
		return nil, cause.New(cause.Usage, "%s is no directory, and there are %d files to write", out.output, len(files))
	}
	if dir = dir || len(files) > 1; dir {
		if err := os.MkdirAll(out.output, 0o755); err != nil {
			return nil, cause.Wrap(cause.NotSaved, err, "")
		}
	}
	var names []string
	for _, f := range files {
		name := out.output
		if dir {
			name = filepath.Join(out.output, f.Name)
		}
		if _, err := os.Lstat(name); !out.replace && !errors.Is(err, fs.ErrNotExist) {
			return names, cause.New(cause.Usage, "there is %s already; --replace overwrites it", name)
		}
		names = append(names, name)
	}
	for i, f := range files {
		if err := writeWhole(names[i], f.Text, f.Private); err != nil {
			return names[:i], cause.Wrap(cause.NotSaved, err, "")
		}
	}
	return names, nil
}

// writeWhole writes a file under another name and gives it its own when it is
// whole; nobody else can ever read one that is private.
func writeWhole(name, text string, private bool) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".dun-export-") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err == nil && !private {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
