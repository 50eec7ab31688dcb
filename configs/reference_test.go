package configs

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dun/dialup/phonebook"
	"dun/dialup/strict"
)

// parsers read a reference, together with what belongs to it, and tell the
// problems and every key that was asked for.
var parsers = map[string]func(text string) (strict.Problems, []string){
	"phonebook": func(text string) (strict.Problems, []string) {
		return problemsOf(func() (*strict.Document, error) {
			b, _, err := phonebook.Parse([]byte(text), nil)
			if err != nil {
				return nil, err
			}
			return b.Document(), nil
		})
	},
	"secrets": func(text string) (strict.Problems, []string) {
		book, _ := Reference("phonebook")
		return problemsOf(func() (*strict.Document, error) {
			_, s, err := phonebook.Parse([]byte(book), []byte(text))
			if err != nil {
				return nil, err
			}
			return s.Document(), nil
		})
	},
	"device": func(text string) (strict.Problems, []string) {
		doc := strict.Parse("device.toml", []byte(text), false)
		_, problems := readDevice(doc, "")
		return problems, doc.Asked()
	},
	"server": func(text string) (strict.Problems, []string) {
		doc := strict.Parse("server.toml", []byte(text), false)
		_, problems := readServer(doc)
		return problems, doc.Asked()
	},
}

func problemsOf(parse func() (*strict.Document, error)) (strict.Problems, []string) {
	doc, err := parse()
	var ps strict.Problems
	if errors.As(err, &ps) {
		return ps, nil
	}
	return doc.Problems(), doc.Asked()
}

var (
	headerLine  = regexp.MustCompile(`^\[([a-z-]+)(\.[A-Za-z0-9]+)?\]$`)
	settingLine = regexp.MustCompile(`^(#?)([a-z0-9-]+)\s*= `)
)

// setting is a line of a reference that sets something, or would.
type setting struct {
	table, key string
	line       int // from 0
	off        bool
}

func settings(text string) []setting {
	var list []setting
	table := ""
	for i, line := range strings.Split(text, "\n") {
		if m := headerLine.FindStringSubmatch(line); m != nil {
			table = m[1] + m[2]
		} else if m := settingLine.FindStringSubmatch(line); m != nil {
			list = append(list, setting{table, m[2], i, m[1] == "#"})
		}
	}
	return list
}

// kind is the table without its name: "entry" of "entry.isp".
func kind(table string) string {
	k, _, _ := strings.Cut(table, ".")
	return k
}

func TestReferencesAreValid(t *testing.T) {
	for name, parse := range parsers {
		text, ok := Reference(name)
		if !ok {
			t.Fatalf("no reference %s", name)
		}
		problems, _ := parse(text)
		for _, p := range problems {
			t.Error(p)
		}
	}
}

// TestReferencesAreComplete holds the references against the keys that the
// parsers ask for, both ways.
func TestReferencesAreComplete(t *testing.T) {
	for name, parse := range parsers {
		text, _ := Reference(name)
		_, asked := parse(text)
		known := make(map[string]bool)
		for _, key := range asked {
			parts := strings.Split(key, ".")
			if len(parts) > 1 {
				known[parts[0]+" "+parts[len(parts)-1]] = true
			}
		}
		if len(known) < 3 {
			t.Fatalf("%s: %v asked for", name, asked)
		}
		there := make(map[string]bool)
		for _, s := range settings(text) {
			id := kind(s.table) + " " + s.key
			there[id] = true
			if !known[id] {
				t.Errorf("%s.toml, line %d: no parser asks for %s", name, s.line+1, id)
			}
		}
		for id := range known {
			if !there[id] {
				t.Errorf("%s.toml does not have %s", name, id)
			}
		}
	}
}

// TestSettingsThatAreOffAreValid puts each setting that is commented out into
// effect and reads the file again.
func TestSettingsThatAreOffAreValid(t *testing.T) {
	count := 0
	for name, parse := range parsers {
		text, _ := Reference(name)
		list := settings(text)
		for _, s := range list {
			if !s.off {
				continue
			}
			count++
			lines := strings.Split(text, "\n")
			lines[s.line] = strings.TrimPrefix(lines[s.line], "#")
			for _, other := range list {
				if instead := other.key == "password" && s.key == "nt-hash"; other.table == s.table && instead {
					lines[other.line] = ""
				}
			}
			if problems, _ := parse(strings.Join(lines, "\n")); len(problems.Errors()) > 0 {
				t.Errorf("%s.toml, line %d: %v", name, s.line+1, problems)
			}
		}
	}
	if count < 30 {
		t.Errorf("only %d settings tried", count)
	}
}

// TestEverySettingIsExplained wants a comment above each setting, or above the
// settings that it follows directly.
func TestEverySettingIsExplained(t *testing.T) {
	for name := range parsers {
		text, _ := Reference(name)
		lines := strings.Split(text, "\n")
		isSetting := func(i int) bool { return settingLine.MatchString(lines[i]) }
		seen := make(map[string]bool)
		for _, s := range settings(text) {
			i := s.line
			for i > 0 && isSetting(i) {
				i--
			}
			if explained := strings.HasPrefix(lines[i], "# "); !explained && !seen[kind(s.table)+s.key] {
				t.Errorf("%s.toml, line %d: %s is not explained", name, s.line+1, s.key)
			}
			seen[kind(s.table)+s.key] = true
		}
		for i, line := range lines {
			if len(line) > 80 {
				t.Errorf("%s.toml, line %d is longer than 80 characters", name, i+1)
			}
		}
	}
}

func TestProfiles(t *testing.T) {
	names := Profiles()
	if !slices.Contains(names, defaultProfile) || len(names) < 4 {
		t.Fatalf("profiles %v", names)
	}
	text, _ := Reference("device")
	for _, name := range names {
		data, err := profiles.ReadFile("modems/" + name + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		doc := strict.Parse(name, data, false)
		cfg, problems := readProfile(doc)
		for _, p := range problems {
			t.Error(p)
		}
		if len(cfg.Profile.Init) == 0 || !strings.Contains(string(data), "description = ") {
			t.Errorf("%s has no init or no description", name)
		}
		if !strings.Contains(text, `"`+name+`"`) {
			t.Errorf("device.toml does not mention the profile %s", name)
		}
	}
}
