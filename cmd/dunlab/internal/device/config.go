package device

import (
	"os"
	"path/filepath"

	"github.com/pelletier/go-toml/v2"
)

// Table is a table of a TOML file.
type Table = map[string]any

// Config is what dun's files hold.
type Config struct {
	Entries  map[string]Table // phonebook.toml
	Secrets  map[string]string
	Users    map[string]Table // secrets.toml, those who call us
	Modems   map[string]Table // device.toml
	FastPath Table            // device.toml, [fast-path]
	Server   Table            // server.toml, [pptp]
}

// Files are the configuration's files by name.
func (c Config) Files() (map[string]string, error) {
	secrets := Table{}
	if len(c.Secrets) > 0 {
		passwords := Table{}
		for entry, password := range c.Secrets {
			passwords[entry] = Table{"password": password}
		}
		secrets["entry"] = passwords
	}
	if len(c.Users) > 0 {
		secrets["user"] = c.Users
	}
	tables := map[string]Table{"phonebook.toml": {}, "secrets.toml": secrets, "device.toml": {}}
	if len(c.Entries) > 0 {
		tables["phonebook.toml"]["entry"] = c.Entries
	}
	if len(c.Modems) > 0 {
		tables["device.toml"]["modem"] = c.Modems
	}
	if len(c.FastPath) > 0 {
		tables["device.toml"]["fast-path"] = c.FastPath
	}
	if c.Server != nil {
		tables["server.toml"] = Table{"pptp": c.Server}
	}
	files := map[string]string{}
	for name, t := range tables {
		b, err := toml.Marshal(t)
		if err != nil {
			return nil, err
		}
		files[name] = string(b)
	}
	return files, nil
}

// Write writes the files into dir, readable by their owner alone.
func (c Config) Write(dir string) error {
	files, err := c.Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
