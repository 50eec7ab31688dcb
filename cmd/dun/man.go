//go:build man

package main

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"dun/cmd/internal/console"
	"dun/configs"
	"dun/dialup/cause"
)

// The generator of the manual is a command that only 'go run -tags man' has:
//
//	go run -tags man ./cmd/dun man dist/man
//
// Each page is the command's row of the table (name, usage, flags), and a text
// in man/, in the notation of roff.text.

//go:embed man/*.txt
var manTexts embed.FS

func init() {
	extra = append(extra, &command{
		name: "man", args: "DIR", min: 1, max: 1, short: "write the manual",
		run: func(_ *call, args []string) error { return writeManual(args[0]) },
	})
}

func writeManual(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, page := range manual() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// references are the files that have a page in section 5.
var references = []string{"phonebook", "secrets", "device", "server"}

// manual is all pages, by their files' names.
func manual() map[string]string {
	pages := make(map[string]string)
	var walk func(c *command, path []string)
	walk = func(c *command, path []string) {
		path = append(path[:len(path):len(path)], c.name)
		pages[strings.Join(path, "-")+".8"] = commandPage(c, path)
		for _, sub := range c.sub {
			if !isGenerator(sub) {
				walk(sub, path)
			}
		}
	}
	walk(commands(), nil)
	for _, name := range references {
		pages["dun-"+name+".5"] = referencePage(name)
	}
	return pages
}

// commandPage is the page of one command.
func commandPage(c *command, path []string) string {
	name := strings.Join(path, "-")
	r := newRoff(name, 8)
	r.section("NAME")
	r.line(name + " - " + c.short)
	r.section("SYNOPSIS")
	r.synopsis(c.usage(path) + " [FLAG...]")
	text, err := manTexts.ReadFile("man/" + name + ".txt")
	body, rest := splitText(string(text))
	if err != nil {
		body = c.long
	}
	r.section("DESCRIPTION")
	r.text(body)
	if len(c.sub) > 0 {
		r.section("COMMANDS")
		for _, sub := range c.sub {
			if !isGenerator(sub) {
				r.item(strings.TrimSpace(sub.name+" "+sub.args), sub.short+"; see "+name+"-"+sub.name+"(8)")
			}
		}
	}
	r.section("OPTIONS")
	own := newFlagSet()
	if c.flags != nil {
		c.flags(own)
	}
	r.flags(own)
	if len(path) == 1 {
		r.flags(commonFlags())
	} else {
		var names []string
		commonFlags().VisitAll(func(f *flag) { names = append(names, "--"+f.name) })
		r.paragraph(strings.Join(names, ", ") + " are common to all commands; see dun(8).")
	}
	r.text(rest)
	if name == "dun-console" {
		r.section("LANGUAGE")
		r.paragraph("Words in capitals are filled in, those in brackets may be left out. After 'edit', 'add' and 'copy' an entry is edited, and set, unset and end are there.")
		for _, c := range console.Commands() {
			r.item(c.Syntax, strings.TrimSpace(c.Short+". "+c.Long))
		}
	}
	if len(path) == 1 {
		r.section("EXIT STATUS")
		r.paragraph("0 is success. Everything else has a cause, which is printed with its name, a sentence, a remedy, and Windows' number of the error where it has one. The codes are pppd's where one fits.")
		r.causes()
	} else {
		r.section("EXIT STATUS")
		r.paragraph("0 is success; dun(8) lists all others.")
	}
	r.seeAlso(name, 8)
	return r.String()
}

// commonFlags are those of every command, with their true defaults.
func commonFlags() *flagSet {
	flags := newFlagSet()
	o := &options{config: "/etc/dun"}
	o.add(flags)
	flags.BoolVarP(new(bool), "help", 'h', false, "print help")
	return flags
}

// splitText parts a text at its first heading.
func splitText(text string) (before, rest string) {
	if strings.HasPrefix(text, "# ") {
		return "", text
	}
	before, rest, found := strings.Cut(text, "\n# ")
	if found {
		rest = "# " + rest
	}
	return before, rest
}

// causes is the table of causes, by exit code.
func (r *roff) causes() {
	all := cause.All()
	slices.SortStableFunc(all, func(a, b cause.Cause) int { return a.Info().Exit - b.Info().Exit })
	last := 0
	for _, c := range all {
		i := c.Info()
		if i.Exit != last {
			r.subsection(strconv.Itoa(i.Exit))
			last = i.Exit
		}
		term := i.Name
		if i.RAS != 0 {
			term += fmt.Sprintf(" (Windows %d)", i.RAS)
		}
		r.item(term, strings.TrimSpace(i.Sentence+" "+i.Remedy))
	}
}

// seeAlso names the other pages.
func (r *roff) seeAlso(name string, section int) {
	var list []string
	list = append(list, "dun(8)")
	for _, sub := range commands().sub {
		if !isGenerator(sub) {
			list = append(list, "dun-"+sub.name+"(8)")
		}
	}
	for _, ref := range references {
		list = append(list, "dun-"+ref+"(5)")
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == fmt.Sprintf("%s(%d)", name, section) })
	r.section("SEE ALSO")
	r.paragraph(strings.Join(list, ", "))
}

// referencePage makes a page of an annotated file.
func referencePage(name string) string {
	text, ok := configs.Reference(name)
	if !ok {
		panic("no reference " + name)
	}
	r := newRoff("dun-"+name, 5)
	ref := parseReference(text)
	r.section("NAME")
	r.line("dun-" + name + " - " + ref.title)
	r.section("SYNOPSIS")
	r.line("/etc/dun/" + name + ".toml")
	r.section("DESCRIPTION")
	for _, p := range ref.intro {
		r.paragraph(p)
	}
	r.paragraph("The file is TOML 1.0. What dun does not know is a mistake: 'dun phonebook check' lists all mistakes of all files with their places.")
	for _, t := range ref.tables {
		r.section(t.title)
		for _, p := range t.intro {
			r.paragraph(p)
		}
		for _, s := range t.settings {
			if len(s.lines) == 0 {
				r.subsection(s.text)
				continue
			}
			if s.text == "" {
				s.text = "As above."
			}
			r.setting(s.lines, s.text)
		}
	}
	extraText, err := manTexts.ReadFile("man/dun-" + name + ".5.txt")
	if err == nil {
		r.text(string(extraText))
	}
	r.seeAlso("dun-"+name, 5)
	return r.String()
}
