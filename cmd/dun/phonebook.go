package main

import (
	"fmt"
	"os"
	"path/filepath"

	"dun/configs"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
)

func phonebookCommand() *command {
	return &command{
		name: "phonebook", short: "look at the phonebook, check it and change it",
		sub: append([]*command{
			{name: "list", short: "list the entries and what dialing each one does", run: listEntries},
			{name: "show", args: "ENTRY", min: 1, max: 1, short: "show every setting of an entry, defaults included", run: showEntry},
			{name: "check", short: "list every mistake with file, line, key and remedy", run: checkPhonebook},
		}, append(append(editCommands(), foreignCommands()...), trialCommands()...)...),
	}
}

func listEntries(c *call, _ []string) error {
	book, _, err := phonebook.Load(c.config)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(c.out, book.Names())
	}
	for _, e := range book.Entries() {
		fmt.Fprintln(c.out, phonebook.Describe(e))
	}
	return nil
}

func showEntry(c *call, args []string) error {
	book, secrets, err := phonebook.Load(c.config)
	if err != nil {
		return err
	}
	e, known := book.Entry(args[0])
	if !known {
		return cause.New(cause.NoEntry, "%q", args[0])
	}
	if c.json {
		settings := append(e.Settings(), phonebook.Setting{Key: "secret", Value: secretState(secrets, e.Name)})
		if e.Device == phonebook.DeviceModem {
			settings = append(settings, phonebook.Setting{Key: "dials", Value: e.Dial})
		}
		return printJSON(c.out, settings)
	}
	fmt.Fprintln(c.out, phonebook.Describe(e))
	for _, s := range e.Settings() {
		fmt.Fprintln(c.out, "  "+s.TOML())
	}
	fmt.Fprintln(c.out, "  # password or NT hash in secrets.toml: "+secretState(secrets, e.Name))
	for _, n := range e.Dial {
		fmt.Fprintln(c.out, "  # dials "+n)
	}
	return nil
}

// secretState is all that is told about a secret.
func secretState(secrets *phonebook.Secrets, entry string) string {
	if secrets.HasEntry(entry) {
		return "set"
	}
	return "not set"
}

func checkPhonebook(c *call, _ []string) error {
	problems := append(phonebook.Check(c.config), checkBeside(c.options)...)
	if c.json {
		if err := printJSON(c.out, problems); err != nil {
			return err
		}
		return problems.Err()
	}
	for _, p := range problems {
		fmt.Fprintln(c.out, p)
	}
	if problems.Err() != nil {
		return cause.New(cause.BadConfig, "%d mistakes above", len(problems.Errors()))
	}
	book, secrets, err := phonebook.Load(c.config)
	if err != nil {
		return err
	}
	for _, e := range book.Entries() {
		text := phonebook.Describe(e)
		if e.User != "" && !secrets.HasEntry(e.Name) {
			text += "; asks for the password"
		}
		fmt.Fprintln(c.out, text)
	}
	return nil
}

// checkBeside checks device.toml, whether the entries' modems are in it, and
// server.toml where there is one.
func checkBeside(o *options) phonebook.Problems {
	deviceFile := filepath.Join(o.config, configs.DeviceFile)
	device, problems := configs.CheckDevice(deviceFile)
	book, secrets, err := phonebook.Load(o.config)
	if err == nil && problems.Err() == nil {
		problems = append(problems, book.CheckModems(device.Names())...)
	}
	serverFile := filepath.Join(o.config, configs.ServerFile)
	if _, statErr := os.Stat(serverFile); statErr == nil {
		server, serverProblems := configs.CheckServer(serverFile)
		problems = append(problems, serverProblems...)
		if err == nil && serverProblems.Err() == nil {
			problems = append(problems, server.UseSecrets(secrets)...)
		}
	}
	return problems
}
