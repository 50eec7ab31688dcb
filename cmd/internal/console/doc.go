// Package console is the technician's shell: on a serial line of 9600 bit/s
// and a terminal that may be dumb, or on standard input.
//
// Run leads one conversation: log-in, commands, log-out. All commands are rows
// of one table (table.go), which makes the completion, the answer to '?',
// 'help' and the section of the manual. What the commands act on are the
// interfaces of world.go, which the program that has a console implements.
//
// Changes of the phonebook are made in a draft, in memory: they count with
// 'commit', and are gone when the conversation ends, however it does.
package console
