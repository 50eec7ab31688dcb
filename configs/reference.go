package configs

import (
	"embed"
	"io/fs"
	"strings"
)

// The phonebook's is by itself: the console explains settings with it, and the
// others shall not come along into the device binary.
//
//go:embed phonebook.toml
var phonebookText string

//go:embed secrets.toml device.toml server.toml
var references embed.FS

//go:embed modems/*.toml
var profiles embed.FS

// Reference is an annotated file: "phonebook", "secrets", "device", "server".
func Reference(name string) (text string, ok bool) {
	if name == "phonebook" {
		return phonebookText, true
	}
	b, err := references.ReadFile(name + ".toml")
	return string(b), err == nil
}

// PhonebookReference is the annotated phonebook.toml.
func PhonebookReference() string { return phonebookText }

// Profiles lists the modem profiles that are built in.
func Profiles() []string {
	files, _ := fs.Glob(profiles, "modems/*.toml")
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(f, "modems/"), ".toml")
	}
	return names
}
