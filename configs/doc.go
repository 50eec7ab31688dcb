// Package configs reads device.toml, which describes the machine and its
// modems, and server.toml, which says how we answer calls, and gives the
// other packages their Config values. Only cmd imports it.
//
// The files phonebook.toml, secrets.toml, device.toml and server.toml in this
// folder are the references: every setting with its meaning, unit and default.
// They are valid files themselves. A test holds them against the parsers.
//
// The folder modems has the modem profiles that a modem in device.toml can
// name; profiles of the same form in the folder modems beside device.toml come
// before them.
package configs
