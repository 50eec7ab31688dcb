//go:build man

package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"dun/cmd/internal/agent"
	"dun/configs"
)

// The generator of the shell's completion is, like that of the manual, a
// command that only 'go run -tags man' has:
//
//	go run -tags man ./cmd/dun completion dist/completion

//go:embed man/completion.bash
var completionScript string

func init() {
	extra = append(extra, &command{
		name: "completion", args: "DIR", min: 1, max: 1, short: "write the shell's completion",
		run: func(_ *call, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(args[0], "dun"), []byte(completion()), 0o644)
		},
	})
}

// isGenerator reports whether c is no command of the device binary.
func isGenerator(c *command) bool { return c.name == "man" || c.name == "completion" }

// completion fills the table of commands into the script.
func completion() string {
	var rows strings.Builder
	var walk func(c *command, path []string)
	walk = func(c *command, path []string) {
		path = append(path[:len(path):len(path)], c.name)
		own := newFlagSet()
		if c.flags != nil {
			c.flags(own)
		}
		flags, valued := flagWords(own)
		var subs []string
		for _, sub := range c.sub {
			if !isGenerator(sub) {
				subs = append(subs, sub.name)
				walk(sub, path)
			}
		}
		fmt.Fprintf(&rows, "    '%s') subs='%s' flags='%s' valued='%s' args='%s' ;;\n", strings.Join(path, " "),
			strings.Join(subs, " "), strings.Join(flags, " "), strings.Join(valued, " "), strings.Join(argKinds(c, path), " "))
	}
	walk(commands(), nil)
	flags, valued := flagWords(commonFlags())
	settings, places := settingsOf("[entry."), settingsOf("[location.")
	return strings.NewReplacer(
		"@ROWS@\n", rows.String(), "@FLAGS@", strings.Join(flags, " "), "@VALUED@", strings.Join(valued, " "),
		"@PROTOCOLS@", strings.Join(agent.ProtocolNames(), " "), "@KEYS@", strings.Join(settings, " "),
		"@SETTINGS@", strings.Join(settings, "= ")+"=", "@PLACES@", strings.Join(places, "= ")+"=",
	).Replace(completionScript)
}

func flagWords(set *flagSet) (all, valued []string) {
	set.VisitAll(func(f *flag) {
		all = append(all, "--"+f.name)
		if !f.bare {
			valued = append(valued, "--"+f.name)
		}
	})
	return all, valued
}

var argWord = regexp.MustCompile(`[A-Z]+(=VALUE)?(\.\.\.)?`)

// argKinds are a command's arguments as the script knows them. Of alternatives
// the first counts.
func argKinds(c *command, path []string) (kinds []string) {
	args := regexp.MustCompile(`\|[A-Z]+`).ReplaceAllString(c.args, "")
	for _, kind := range argWord.FindAllString(args, -1) {
		switch name := strings.Join(path, " "); {
		case kind == "ENTRY" && (name == "dun trace" || name == "dun capture"):
			kind = "TRACED"
		case kind == "ENTRY" && name == "dun phonebook add":
			kind = "NEW"
		case name == "dun phonebook location":
			kind = strings.Replace(kind, "KEY", "PLACE", 1)
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// settingsOf are the settings that phonebook.toml has in tables of a kind.
func settingsOf(table string) (names []string) {
	text, _ := configs.Reference("phonebook")
	for _, t := range parseReference(text).tables {
		if !strings.HasPrefix(t.title, table) {
			continue
		}
		for _, s := range t.settings {
			for _, l := range s.lines {
				name, _, _ := strings.Cut(l, " ")
				names = append(names, name)
			}
		}
	}
	return names
}
