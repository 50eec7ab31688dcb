package console

// table is the console's language: one row a command. Order is that of help.
func table() []command {
	return []command{
		{syntax: "help [COMMAND...]", short: "list the commands, or explain one, or a setting", run: (*session).help,
			long: "'help set KEY' explains a setting of an entry. '?' shows at every place what can come there, Tab completes it; words of commands may be cut short."},
		{syntax: "show [ENTRY]", short: "show what is connected, or an entry; where one is edited, its settings", run: (*session).show},
		{syntax: "show phonebook", short: "list the entries and what dialing each one does", run: (*session).showBook},
		{syntax: "show versions", short: "list what 'undo' can go back to", run: (*session).showVersions},

		{syntax: "add NAME [KEY=VALUE...]", short: "add an entry, and edit it", run: (*session).add},
		{syntax: "edit ENTRY", short: "change an entry", run: (*session).edit,
			long: "The prompt names the entry then, and has a * where there is something to commit. Nothing is saved before 'commit'."},
		{syntax: "set KEY [VALUE...]", short: "change a setting of the entry; password and nt-hash are asked for", inEdit: true, run: (*session).set},
		{syntax: "unset KEY", short: "remove a setting of the entry, so that its default is in effect", inEdit: true, run: (*session).unset},
		{syntax: "end", short: "leave the entry, and keep what was changed for 'commit'", inEdit: true, run: (*session).end},
		{syntax: "remove ENTRY", short: "remove an entry and its password", run: (*session).remove},
		{syntax: "rename ENTRY NAME", short: "give an entry another name, wherever it stands", run: (*session).rename},
		{syntax: "copy ENTRY NAME", short: "make another entry like this one", run: (*session).copy},
		{syntax: "diff", short: "show what 'commit' would change", run: (*session).diff},
		{syntax: "check", short: "tell every mistake, and what dialing does", run: (*session).check},
		{syntax: "commit", short: "save the changes; where the last ones are on trial, confirm them", run: (*session).commit,
			long: "Connections that are up stay as they are until they are dialed again."},
		{syntax: "commit confirm [MINUTES]", short: "save the changes on trial: they go back unless 'confirm' comes in time", run: (*session).commitTrial,
			long: "After so many minutes, 5 unless told otherwise, the phonebook becomes what it was, whatever happened to this console; so it does when the machine is started anew. Entries that were connected before are dialed again where the change had touched them."},
		{syntax: "confirm", short: "keep the changes that are on trial", run: (*session).confirm},
		{syntax: "discard", short: "drop what was not committed", run: (*session).discard},
		{syntax: "update", short: "put the changes on top of what somebody else has saved meanwhile", run: (*session).update},
		{syntax: "undo [N]", short: "go back to before the last change, or the last N; 'commit' saves that", run: (*session).undo},
		{syntax: "save", short: "print the whole phonebook, without passwords, for 'load'", run: (*session).save},
		{syntax: "load", short: "take a whole phonebook that is pasted, with the line '# checksum ...' at its end", run: (*session).load,
			long: "What was pasted takes the place of the whole phonebook, with 'commit'. Entries that stay keep their passwords. A checksum that does not fit says that the line has swallowed something, and changes nothing; '# checksum none' ends one that was written by hand."},

		{syntax: "dial ENTRY", short: "connect an entry, and show how it goes", run: (*session).dial},
		{syntax: "hangup ENTRY", short: "end a connection in order", run: (*session).hangUp},
		{syntax: "hangup all", short: "end all connections", run: (*session).hangUpAll},
		{syntax: "test ENTRY", short: "dial, show each phase with its time and cause, and hang up", run: (*session).test},
		{syntax: "monitor", short: "show what happens, until a key is pressed", run: (*session).monitor},
		{syntax: "log [N]", short: "show the last lines of what happened", run: (*session).log},
		{syntax: "trace PROTOCOL on|off", short: "show the packets of a protocol, or all, in dial, test and monitor", run: (*session).setTrace,
			long: "The dialogue with the modem is 'at', the control connection of a tunnel 'pptp'. Passwords are left out. It is off again after the log-out."},
		{syntax: "trace", short: "tell what is traced", run: (*session).showTrace},
		{syntax: "modem [MODEM]", short: "ask the modems, or one, what they are", run: (*session).modem},
		{syntax: "modem MODEM AT...", short: "send an AT command", run: (*session).modem},
		{syntax: "doctor [ENTRY]", short: "say what is missing here, and on the way to an entry's server", run: (*session).doctor},
		{syntax: "reload", short: "have the agent read its files again", run: (*session).reload},
		{syntax: "terminal rows|columns N", short: "say how large the terminal is; 0 rows = do not stop when it is full", run: (*session).setTerminal},
		{syntax: "exit", short: "log out; what was not committed is dropped", run: (*session).exit},
	}
}

// valueTexts are the words in capitals.
var valueTexts = [...][2]string{
	{"COMMAND", "a command, or a setting"},
	{"ENTRY", "an entry of the phonebook"},
	{"NAME", "a new name: letters, digits and . _ -"},
	{"KEY", "a setting"},
	{"KEY=VALUE", "a setting and its value"},
	{"VALUE", "a value, or several; in quotes if it has blanks"},
	{"MINUTES", "1 to 1440; without it 5"},
	{"N", "a number"},
	{"MODEM", "a modem of device.toml"},
	{"PROTOCOL", "a protocol"},
	{"AT", "a command that begins with AT"},
}

func valueText(value string) string {
	for _, v := range valueTexts {
		if v[0] == value {
			return v[1]
		}
	}
	return ""
}

// Command is a row of the table, for the manual.
type Command struct{ Syntax, Short, Long string }

// Commands lists the table.
func Commands() []Command {
	var list []Command
	for _, c := range table() {
		list = append(list, Command{c.syntax, c.short, c.long})
	}
	return list
}
