package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// parsed is what a command line made of the flags.
type parsed struct {
	dir, name string
	on, quiet bool
}

// ours declares the flags of the tests in a flagSet, twin in pflag, which
// parses as GNU does and is the twin that flagSet is tested against.
func ours(p *parsed) *flagSet {
	s := newFlagSet()
	s.StringVar(&p.dir, "dir", "/etc/dun", "`directory` of the files")
	s.StringVar(&p.name, "name", "", "a name")
	s.list[1].short = 'n'
	s.BoolVar(&p.on, "on", true, "is on")
	s.BoolVarP(&p.quiet, "quiet", 'q', false, "says nothing")
	return s
}

func twin(p *parsed) *pflag.FlagSet {
	s := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.SortFlags = false
	s.Usage = func() {}
	s.StringVar(&p.dir, "dir", "/etc/dun", "`directory` of the files")
	s.StringVarP(&p.name, "name", "n", "", "a name")
	s.BoolVar(&p.on, "on", true, "is on")
	s.BoolVarP(&p.quiet, "quiet", "q", false, "says nothing")
	return s
}

var lines = []string{
	"", "a b", "--dir /x a", "a --dir=/x b", "--dir= a", "--dir", "--dir -- a", "a -- --dir b", "-", "- -q", "--on=false", "--on false",
	"--quiet=maybe", "-q", "-qn name", "-qnname", "-nq", "-n=x", "-n", "-n -q", "-q=false a", "-q=", "-qx", "-x", "--nothing", "--=x", "---", "--di /x",
	"--dir=a=b", "-- --", "--name=", "-q --quiet=0 -q", "a b c --name", "--dir /x --dir /y",
}

// same parses args with both and compares what comes of it.
func same(t *testing.T, args []string, argsEnd bool) {
	t.Helper()
	var a, b parsed
	s, w := ours(&a), twin(&b)
	s.argsEnd = argsEnd
	w.SetInterspersed(!argsEnd)
	rest, err := s.parse(args)
	wantErr := w.Parse(args)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("%q: %v, but pflag says %v", args, err, wantErr)
	}
	if err == nil && (a != b || !slices.Equal(rest, w.Args())) {
		t.Fatalf("%q: %+v and %q, but pflag has %+v and %q", args, a, rest, b, w.Args())
	}
}

func TestFlagsAsPflag(t *testing.T) {
	for _, l := range lines {
		same(t, strings.Fields(l), false)
		same(t, strings.Fields(l), true)
	}
	var p parsed
	var ourHelp strings.Builder
	ours(&p).print(&ourHelp)
	if want := twin(&p).FlagUsages(); ourHelp.String() != want {
		t.Errorf("help:\n%s\nbut pflag has\n%s", ourHelp.String(), want)
	}
}

func FuzzFlagsAsPflag(f *testing.F) {
	for _, l := range lines {
		f.Add(l, true)
		f.Add(l, false)
	}
	f.Fuzz(func(t *testing.T, line string, argsEnd bool) {
		if strings.Contains(line, "-n=") || strings.Contains(line, "qn=") || strings.Contains(line, "--help") {
			return // pflag reads "-n=" as the value "=", and knows --help by itself
		}
		same(t, strings.Split(line, " "), argsEnd)
	})
}

func TestFlagErrors(t *testing.T) {
	for line, want := range map[string]string{
		"--frob":        "there is no flag --frob",
		"-qx":           "there is no flag -x in -qx",
		"--dir":         "--dir wants a value",
		"a -n":          "-n wants a value",
		"--quiet=maybe": `--quiet: "maybe" is neither true nor false`,
	} {
		var p parsed
		if rest, err := ours(&p).parse(strings.Fields(line)); err == nil || err.Error() != want || rest != nil {
			t.Errorf("%s: %q, %v", line, rest, err)
		}
	}
}
