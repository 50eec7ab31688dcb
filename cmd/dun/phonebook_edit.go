package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

// many is more arguments than anybody gives.
const many = 1 << 16

// editCommands change the phonebook.
func editCommands() []*command {
	return []*command{
		{name: "add", args: "ENTRY [KEY=VALUE...]", min: 1, max: many, short: "add an entry", run: addEntry},
		{name: "set", args: "ENTRY KEY [VALUE...]", min: 2, max: many, short: "change a setting of an entry, or its password", run: setEntry},
		{name: "unset", args: "ENTRY KEY", min: 2, max: 2, short: "remove a setting, so that its default is in effect", run: unsetEntry},
		{name: "remove", args: "ENTRY", min: 1, max: 1, short: "remove an entry and its password", run: removeEntry},
		{name: "rename", args: "ENTRY NAME", min: 2, max: 2, short: "give an entry another name, wherever it stands", run: renameEntry},
		{name: "copy", args: "ENTRY NAME", min: 2, max: 2, short: "make another entry like this one", run: copyEntry},
		{name: "location", args: "[NAME [KEY=VALUE...]]", max: many, short: "show, choose or change the place to dial from", run: location},
		{name: "undo", args: "[N]", max: 1, short: "take the last change back, or the last N", run: undo},
	}
}

// edit makes a change and saves it, and says what dialing touched does now.
// touched may be "".
func edit(c *call, touched string, change func(e *phonebook.Edit) error) error {
	e, err := phonebook.Begin(c.config)
	if err != nil {
		return notSaved(c, err)
	}
	defer e.Close()
	if err := change(e); err != nil {
		return err
	}
	warnings, err := e.Commit()
	if err != nil {
		return notSaved(c, err)
	}
	if c.json {
		return printJSON(c.out, append(phonebook.Problems{}, warnings...))
	}
	for _, w := range warnings {
		if touched != "" && (w.Key == "entry."+touched || strings.HasPrefix(w.Key, "entry."+touched+".")) {
			fmt.Fprintln(c.errOut, w)
		}
	}
	if book, _ := e.Check(); touched != "" {
		if entry, there := book.Entry(touched); there {
			fmt.Fprintln(c.out, phonebook.Describe(entry))
		}
	}
	return nil
}

// notSaved tells every mistake that kept a change from being saved.
func notSaved(c *call, err error) error {
	var problems phonebook.Problems
	if c.json || !errors.As(err, &problems) || len(problems) < 2 {
		return err
	}
	for _, p := range problems {
		fmt.Fprintln(c.errOut, p)
	}
	return cause.New(cause.BadConfig, "%d mistakes above; nothing was saved", len(problems))
}

// secretKeys are settings that are never given on the command line: others see it.
func isSecret(key string) bool { return key == "password" || key == "nt-hash" }

func refuseSecret(entry, key string) error {
	return cause.New(cause.Usage, "a secret does not belong on the command line, where others can see it; 'dun phonebook set %s %s' asks for it", entry, key)
}

// assignments takes KEY=VALUE apart; a key that is there several times makes a list.
func assignments(entry string, args []string) ([]phonebook.Assignment, error) {
	var keys []string
	words := make(map[string][]string)
	for _, a := range args {
		key, value, ok := strings.Cut(a, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return nil, cause.New(cause.Usage, "%q is not KEY=VALUE", a)
		}
		if isSecret(key) {
			return nil, refuseSecret(entry, key)
		}
		if words[key] == nil {
			keys = append(keys, key)
		}
		words[key] = append(words[key], value)
	}
	var list []phonebook.Assignment
	for _, key := range keys {
		value, err := phonebook.ValueOf(key, words[key])
		if err != nil {
			return nil, err
		}
		list = append(list, phonebook.Assignment{Key: key, Value: value})
	}
	return list, nil
}

func addEntry(c *call, args []string) error {
	settings, err := assignments(args[0], args[1:])
	if err != nil {
		return err
	}
	return edit(c, args[0], func(e *phonebook.Edit) error { return e.Add(args[0], settings) })
}

func setEntry(c *call, args []string) error {
	entry, key, words := args[0], args[1], args[2:]
	if isSecret(key) {
		return setSecret(c, entry, key, words)
	}
	if len(words) == 0 {
		return cause.New(cause.Usage, "no value for %s is given; 'dun phonebook unset %s %s' removes it", key, entry, key)
	}
	value, err := phonebook.ValueOf(key, words)
	if err != nil {
		return err
	}
	return edit(c, entry, func(e *phonebook.Edit) error { return e.Set(entry, key, value) })
}

// setSecret asks for a password or an NT hash, before it locks anything.
func setSecret(c *call, entry, key string, words []string) error {
	if len(words) > 0 {
		return refuseSecret(entry, key)
	}
	book, _, err := phonebook.Load(c.config)
	if err != nil {
		return err
	}
	if _, known := book.Entry(entry); !known {
		return cause.New(cause.NoEntry, "%q", entry)
	}
	text, err := askSecret(c, key, "entry "+entry)
	if err != nil {
		return err
	}
	secret, err := secretOf(key, text)
	if err != nil {
		return err
	}
	return edit(c, "", func(e *phonebook.Edit) error { return e.SetSecret(entry, secret) })
}

// askSecret reads a secret: twice and without echo from a terminal, otherwise
// one line.
func askSecret(c *call, key, whose string) (string, error) {
	tty := int(os.Stdin.Fd())
	if !term.IsTerminal(tty) {
		line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
		if err != nil && line == "" {
			return "", cause.Wrap(cause.PasswordMissing, err, "standard input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	ctx, stop := untilSignal(c.ctx, func() {})
	defer stop()
	ask := func(prompt string) (string, error) {
		defer fmt.Fprintln(c.errOut)
		s, err := readPassword(ctx, tty, func() { fmt.Fprint(c.errOut, prompt) })
		if err != nil && ctx.Err() == nil {
			err = cause.Wrap(cause.PasswordMissing, err, "%s", whose)
		}
		return s, err
	}
	first, err := ask("New " + key + " for " + whose + ": ")
	if err != nil {
		return "", err
	}
	again, err := ask("The same once more: ")
	if err == nil && again != first {
		err = cause.New(cause.PasswordMissing, "the two are not the same")
	}
	return first, err
}

func unsetEntry(c *call, args []string) error {
	return edit(c, args[0], func(e *phonebook.Edit) error {
		if isSecret(args[1]) {
			return e.Forget(args[0])
		}
		return e.Unset(args[0], args[1])
	})
}

func removeEntry(c *call, args []string) error {
	return edit(c, "", func(e *phonebook.Edit) error { return e.Remove(args[0]) })
}

func renameEntry(c *call, args []string) error {
	return edit(c, args[1], func(e *phonebook.Edit) error { return e.Rename(args[0], args[1]) })
}

func copyEntry(c *call, args []string) error {
	return edit(c, args[1], func(e *phonebook.Edit) error { return e.Copy(args[0], args[1]) })
}

// location lists the places, chooses one, or changes one.
func location(c *call, args []string) error {
	if len(args) == 0 {
		return listLocations(c)
	}
	settings, err := assignments("", args[1:])
	if err != nil {
		return err
	}
	err = edit(c, "", func(e *phonebook.Edit) error {
		if len(settings) > 0 {
			return e.SetLocation(args[0], settings)
		}
		return e.ChooseLocation(args[0])
	})
	if err != nil || c.json {
		return err
	}
	return listLocations(c)
}

func listLocations(c *call) error {
	book, _, err := phonebook.Load(c.config)
	if err != nil {
		return err
	}
	here, _ := book.Location()
	if c.json {
		names := []string{}
		for _, l := range book.Locations() {
			names = append(names, l.Name)
		}
		return printJSON(c.out, map[string]any{"location": here.Name, "locations": names})
	}
	for _, l := range book.Locations() {
		mark := " "
		if l.Name == here.Name {
			mark = "*"
		}
		fmt.Fprintf(c.out, "%s %s: +%s (%s)\n", mark, l.Name, l.Country, l.Area)
	}
	if here.Name == "" {
		fmt.Fprintln(c.out, "No location is chosen: numbers are dialed as they are.")
	}
	return nil
}

func undo(c *call, args []string) error {
	n := 1
	if len(args) > 0 {
		var err error
		if n, err = strconv.Atoi(args[0]); err != nil {
			return cause.New(cause.Usage, "%q is no number of changes", args[0])
		}
	}
	var when time.Time
	err := edit(c, "", func(e *phonebook.Edit) (err error) {
		when, err = e.Undo(n)
		return err
	})
	if err == nil && !c.json {
		fmt.Fprintln(c.out, "The phonebook is as it was before the change of "+when.Format(time.DateTime)+".")
	}
	return err
}
