package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// command is a row of the command table: the same row parses the command
// line, prints help and, for a generator, becomes a page of the manual.
type command struct {
	name  string
	args  string // of the usage line: "ENTRY"
	short string // one line, no full stop
	long  string // paragraphs for help and manual, may be empty

	min, max int                                // number of arguments
	flags    func(flags *flagSet)               // beside the common ones, may be nil
	run      func(c *call, args []string) error // may be nil where there are subcommands
	sub      []*command
}

// call is one run of a command.
type call struct {
	*options
	ctx    context.Context
	out    io.Writer // what was asked for
	errOut io.Writer // warnings, prompts, failures
	// unattended says that nobody can be asked for a password.
	unattended bool
	// trial, if set, looks after changes of the phonebook that are on trial.
	trial *trialWatch
}

// warn tells what a person should know though the command goes on.
func (c *call) warn(text string) { fmt.Fprintln(c.errOut, "dun: warning:", text) }

// execute finds and runs what args ask for.
func (c *command) execute(call *call, args []string) error {
	return c.descend(call, args, []string{c.name})
}

// descend runs c, or the subcommand that args name; path is how we got here.
func (c *command) descend(call *call, args []string, path []string) error {
	flags := newFlagSet()
	// The flags of a subcommand may stand before or behind its name.
	flags.argsEnd = c.sub != nil
	if c.flags != nil {
		c.flags(flags)
	}
	call.options.add(flags)
	var help bool
	flags.BoolVarP(&help, "help", 'h', false, "print this help")
	rest, err := flags.parse(args)
	if err != nil {
		return usageError(err)
	}
	if help {
		c.help(call.out, flags, path)
		return nil
	}
	if c.sub != nil && (c.run == nil || len(rest) > 0) {
		return c.choose(call, flags, rest, path)
	}
	if len(rest) < c.min || len(rest) > c.max {
		return usageError(fmt.Errorf("%d arguments given; usage: %s", len(rest), c.usage(path)))
	}
	return c.run(call, rest)
}

// choose goes on with the subcommand that the first argument names.
func (c *command) choose(call *call, flags *flagSet, rest, path []string) error {
	if len(rest) == 0 || rest[0] == "help" && len(rest) == 1 {
		c.help(call.out, flags, path)
		return nil
	}
	if rest[0] == "help" {
		rest = append(rest[1:], "--help")
	}
	for _, sub := range c.sub {
		if sub.name == rest[0] {
			return sub.descend(call, rest[1:], append(path, sub.name))
		}
	}
	return usageError(fmt.Errorf("%q is no command; '%s help' lists them", rest[0], strings.Join(path, " ")))
}

func (c *command) usage(path []string) string {
	words := append([]string(nil), path...)
	if c.sub != nil && c.run != nil {
		words = append(words, "[COMMAND]")
	} else if c.sub != nil {
		words = append(words, "COMMAND")
	}
	if c.args != "" {
		words = append(words, c.args)
	}
	return strings.Join(words, " ")
}

func (c *command) help(out io.Writer, flags *flagSet, path []string) {
	fmt.Fprintf(out, "%s: %s\n\nusage: %s [FLAG...]\n", strings.Join(path, " "), c.short, c.usage(path))
	if c.long != "" {
		fmt.Fprintf(out, "\n%s\n", c.long)
	}
	if c.sub != nil {
		fmt.Fprintln(out, "\ncommands:")
		for _, sub := range c.sub {
			fmt.Fprintf(out, "  %-24s %s\n", strings.TrimSpace(sub.name+" "+sub.args), sub.short)
		}
	}
	fmt.Fprintln(out, "\nflags:")
	flags.print(out)
}
