package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// flagSet holds the flags of one command and parses them as GNU does:
// --name, --name=value, --name value, -n, -n value, -nvalue, -abc; "--" ends
// the flags and "-" alone is an argument.
type flagSet struct {
	list []*flag
	// argsEnd tells that the first argument ends the flags: what follows is
	// for a subcommand.
	argsEnd bool
}

// flag is one of them.
type flag struct {
	name   string // without "--"
	short  byte   // 0 without a one-letter form
	usage  string // what help says; a word in `backquotes` names the value
	preset string // the value it has when it is not given
	bare   bool   // it may stand without a value, and then is "true"
	set    func(value string) error
}

// newFlagSet gives an empty set that takes flags and arguments in any order.
func newFlagSet() *flagSet { return new(flagSet) }

// StringVar declares a flag with a value.
func (s *flagSet) StringVar(p *string, name, preset, usage string) {
	*p = preset
	s.list = append(s.list, &flag{name: name, usage: usage, preset: preset, set: func(v string) error {
		*p = v
		return nil
	}})
}

// BoolVar declares a flag that is set, or not, or =true or =false.
func (s *flagSet) BoolVar(p *bool, name string, preset bool, usage string) {
	s.BoolVarP(p, name, 0, preset, usage)
}

// BoolVarP is BoolVar with a one-letter form.
func (s *flagSet) BoolVarP(p *bool, name string, short byte, preset bool, usage string) {
	*p = preset
	s.list = append(s.list, &flag{name: name, short: short, usage: usage, preset: strconv.FormatBool(preset), bare: true, set: func(v string) (err error) {
		*p, err = strconv.ParseBool(v)
		if err != nil {
			err = fmt.Errorf("%q is neither true nor false", v)
		}
		return err
	}})
}

// VisitAll calls f for each flag, in the order of their declaration.
func (s *flagSet) VisitAll(f func(*flag)) {
	for _, fl := range s.list {
		f(fl)
	}
}

// parse sets the flags of args and gives what is no flag, in its order.
func (s *flagSet) parse(args []string) (rest []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return append(rest, args...), nil
		case strings.HasPrefix(arg, "--"):
			args, err = s.long(arg[2:], args)
		case strings.HasPrefix(arg, "-") && arg != "-":
			args, err = s.letters(arg[1:], args)
		case s.argsEnd:
			return append(append(rest, arg), args...), nil
		default:
			rest = append(rest, arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// long sets the flag that word names; its value may be the first of args.
func (s *flagSet) long(word string, args []string) ([]string, error) {
	name, value, given := strings.Cut(word, "=")
	for _, f := range s.list {
		if f.name == name {
			return f.take("--"+name, value, given, args)
		}
	}
	return nil, fmt.Errorf("there is no flag --%s", name)
}

// letters sets the flags of word, one a letter; the rest of the word behind
// one with a value is the value.
func (s *flagSet) letters(word string, args []string) ([]string, error) {
	for i := 0; i < len(word); i++ {
		f := s.letter(word[i])
		if f == nil {
			return nil, fmt.Errorf("there is no flag -%c in -%s", word[i], word)
		}
		value, given := "", false
		if tail := word[i+1:]; tail != "" && (!f.bare || tail[0] == '=') {
			value, given = strings.TrimPrefix(tail, "="), true
		}
		var err error
		if args, err = f.take("-"+word[i:i+1], value, given, args); err != nil {
			return nil, err
		}
		if given {
			break
		}
	}
	return args, nil
}

func (s *flagSet) letter(c byte) *flag {
	for _, f := range s.list {
		if f.short == c && c != 0 {
			return f
		}
	}
	return nil
}

// take sets f, called as the command line did, to value, or where none was
// given to the first of args. It gives the args that are left.
func (f *flag) take(called, value string, given bool, args []string) ([]string, error) {
	switch {
	case given:
	case f.bare:
		value = "true"
	case len(args) == 0:
		return nil, fmt.Errorf("%s wants a value", called)
	default:
		value, args = args[0], args[1:]
	}
	if err := f.set(value); err != nil {
		return nil, fmt.Errorf("%s: %w", called, err)
	}
	return args, nil
}

// unquote gives what the usage calls the value, and the usage without the
// quotes.
func (f *flag) unquote() (value, usage string) {
	before, quoted, found := strings.Cut(f.usage, "`")
	if name, after, closed := strings.Cut(quoted, "`"); found && closed {
		return name, before + name + after
	}
	if f.bare {
		return "", f.usage
	}
	return "string", f.usage
}

// print lists the flags as help does, what they mean in one column.
func (s *flagSet) print(out io.Writer) {
	const between = 3 // blanks
	left := make([]string, len(s.list))
	width := 0
	for i, f := range s.list {
		left[i] = "      --" + f.name
		if f.short != 0 {
			left[i] = "  -" + string(rune(f.short)) + ", --" + f.name
		}
		if value, _ := f.unquote(); value != "" {
			left[i] += " " + value
		}
		width = max(width, len(left[i]))
	}
	for i, f := range s.list {
		_, usage := f.unquote()
		switch {
		case f.bare && f.preset == "true":
			usage += " (default true)"
		case !f.bare && f.preset != "":
			usage += " (default " + strconv.Quote(f.preset) + ")"
		}
		fmt.Fprintf(out, "%-*s%s\n", width+between, left[i], usage)
	}
}
