package main

import (
	"errors"
	"fmt"
	"slices"

	"dun/board/netcfg"
	"dun/dialup/cause"
)

func unblockCommand() *command {
	var all bool
	return &command{
		name: "unblock", args: "ENTRY | --all", max: 1,
		short: "let traffic go another way than an entry with block-when-down",
		long: `unblock takes back what block-when-down does for an entry. It needs no running
dun. As long as the entry has the setting, its networks are blocked again when
it is dialed, or the agent is started.`,
		flags: func(flags *flagSet) { flags.BoolVar(&all, "all", false, "unblock every entry") },
		run: func(c *call, args []string) error {
			if all == (len(args) == 1) {
				return usageError(fmt.Errorf("unblock wants an entry, or --all"))
			}
			return unblock(c, args)
		},
	}
}

// unblock needs neither phonebook nor agent: either may be what went wrong.
func unblock(c *call, names []string) (err error) {
	m, err := netcfg.Open(stateDir(c.options), netcfg.Options{Warn: c.warn})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	blocked, err := m.Blocked()
	if err != nil {
		return err
	}
	if len(names) == 0 {
		names = blocked
	} else if !slices.Contains(blocked, names[0]) {
		return cause.New(cause.NotConnected, "nothing is blocked for %q", names[0])
	}
	for _, name := range names {
		if err := m.Block(name, nil); err != nil {
			return err
		}
	}
	return nil
}
