package configs

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed phonebook.toml secrets.toml device.toml server.toml
var references embed.FS

//go:embed modems/*.toml
var profiles embed.FS

// Reference is an annotated file: "phonebook", "secrets", "device", "server".
func Reference(name string) (text string, ok bool) {
	b, err := references.ReadFile(name + ".toml")
	return string(b), err == nil
}

// Profiles lists the modem profiles that are built in.
func Profiles() []string {
	files, _ := fs.Glob(profiles, "modems/*.toml")
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(f, "modems/"), ".toml")
	}
	return names
}
