package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dun/cmd/internal/console"
	"dun/dialup/phonebook"
)

// noTools connects nothing: what is typed is random.
type noTools struct{}

func (noTools) Status(io.Writer, string) error                                  { return nil }
func (noTools) Dial(context.Context, io.Writer, string, string, []string) error { return nil }
func (noTools) HangUp(context.Context, io.Writer, string) error                 { return nil }
func (noTools) Test(context.Context, io.Writer, string, string, []string) error { return nil }
func (noTools) Monitor(context.Context, io.Writer, []string) error              { return nil }
func (noTools) Log(io.Writer, int) error                                        { return nil }
func (noTools) Protocols() []string                                             { return nil }
func (noTools) Modems() []string                                                { return nil }
func (noTools) Modem(context.Context, io.Writer, string, string) error          { return nil }
func (noTools) Doctor(context.Context, io.Writer, string) error                 { return nil }
func (noTools) Reload() error                                                   { return nil }

// FuzzConsole is a whole conversation about a real phonebook, with a person and
// without: whatever is typed, it ends, and the files can be read afterwards.
func FuzzConsole(f *testing.F) {
	f.Add([]byte("add new device=vpn host=h\rset password\rx\rx\rset routes 10.0.0.0/8 ::/0\rcheck\rdiff\rcommit\rundo\rcommit\rexit\r"), true)
	f.Add([]byte("edit office\nset user 'CORP\\alice'\nunset via\nrename office head\ncopy head tail\nremove isp\ncommit\n"), false)
	f.Add([]byte("load\r[entry.x]\rdevice = 'modem'\rmodem = 'l'\rphone = ['1']\r# checksum none\rshow x\rsave\rcommit\r"), true)
	f.Add([]byte("edit o\t\rset ?\x15set r\t?\rhelp set mtu\rset nt-hash\r00\rundo 99\rupdate\rdiscard\r"), true)
	f.Add([]byte("add [x] device=vpn\nset a.b = c\nadd 'a b' =\nset \"\" \"\"\n"), false)
	f.Fuzz(func(t *testing.T, keys []byte, person bool) {
		dir := t.TempDir()
		for name, text := range map[string]string{
			"phonebook.toml": "# mine\n[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\nuser = 'field7'\n\n" +
				"[entry.office]\ndevice = 'vpn' # the head office\nhost = '203.0.113.10'\nvia = ['isp']\nuser = 'alice'\nroutes = ['10.0.0.0/8']\n",
			"secrets.toml": "[entry.isp]\npassword = 'x'\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if bytes.Contains(keys, []byte("conf")) {
			return // a change on trial would leave a process behind
		}
		book := &consoleBook{options: &options{config: dir, runtime: filepath.Join(dir, "run")}}
		in := io.Reader(bytes.NewReader(keys))
		if person { // who leaves when all is done, or falls asleep
			waits, end := io.Pipe()
			defer end.Close()
			in = io.MultiReader(in, strings.NewReader("\r\x15\rexit\rexit\r"), waits)
		}
		cfg := console.Config{Book: book, Tools: noTools{}, Idle: 100 * time.Millisecond}
		console.Run(t.Context(), console.Terminal{In: in, Out: io.Discard, Interactive: person}, cfg)
		if _, _, err := phonebook.Load(dir); err != nil {
			t.Fatalf("after %q: %v", keys, err)
		}
	})
}
