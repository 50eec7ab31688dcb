package phonebook

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// files writes a small phonebook and gives its directory and what is in it.
func trialDir(t *testing.T) (dir string, now func() (book, secrets string)) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{BookFile: editBook, SecretsFile: "[entry.isp]\npassword = 'old'\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, func() (string, string) {
		t.Helper()
		var text [2]string
		for i, name := range []string{BookFile, SecretsFile} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			text[i] = string(b)
		}
		return text[0], text[1]
	}
}

// onTrial changes a setting and a password for an hour.
func onTrial(t *testing.T, dir string) {
	t.Helper()
	e, err := Draft(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Set("isp", "user", `"trial"`); err != nil {
		t.Fatal(err)
	}
	if err := e.SetSecret("isp", ppp.Secret{Password: "new"}); err != nil {
		t.Fatal(err)
	}
	if got := e.ChangedSecrets(); !e.Changed() || !slices.Equal(got, []string{"isp"}) {
		t.Errorf("changed: %v, secrets of %v", e.Changed(), got)
	}
	if _, err := e.CommitOnTrial(time.Hour, []string{"isp"}); err != nil {
		t.Fatal(err)
	}
}

// age makes the trial one that is over, or of an earlier run of the machine.
func age(t *testing.T, dir string, reboot bool) {
	t.Helper()
	trial, err := TrialOf(dir)
	if trial == nil {
		t.Fatal(err)
	}
	if reboot {
		trial.boot = "another"
	} else {
		trial.until -= time.Hour
	}
	number := trial.number
	if err := trial.save(dir); err != nil || trial.number != number {
		t.Fatal(err, trial.number, number)
	}
}

// TestTrial: what is not confirmed goes back, secrets included, once.
func TestTrial(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(dir string)
		now  bool
		back bool
	}{
		{"time over", func(dir string) { age(t, dir, false) }, false, true},
		{"machine started anew", func(dir string) { age(t, dir, true) }, false, true},
		{"on request", func(string) {}, true, true},
		{"time left", func(string) {}, false, false},
		{"confirmed", func(dir string) {
			if was, err := Confirm(dir); !was || err != nil {
				t.Error(was, err)
			}
			if was, err := Confirm(dir); was || err != nil {
				t.Error(was, err)
			}
		}, true, false},
		{"another change", func(dir string) {
			e, err := Begin(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if err := e.Set("isp", "mtu", "1400"); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Commit(); err != nil {
				t.Fatal(err)
			}
			if trial, err := TrialOf(dir); trial != nil || err != nil {
				t.Errorf("the trial goes on: %v, %v", trial, err)
			}
		}, true, false},
		{"changed with an editor", func(dir string) {
			age(t, dir, false)
			b, _ := os.ReadFile(filepath.Join(dir, BookFile))
			os.WriteFile(filepath.Join(dir, BookFile), append(b, "# by hand\n"...), 0o644)
		}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, now := trialDir(t)
			book, secrets := now()
			onTrial(t, dir)
			if trial, err := TrialOf(dir); err != nil || trial.Over() || trial.Left() > time.Hour || trial.Left() < time.Minute {
				t.Fatalf("the trial is %v, %v", trial, err)
			}
			c.end(dir)
			trial, changed, err := Revert(dir, c.now)
			if err != nil || c.back != (trial != nil) {
				t.Fatalf("back: %v, %v", trial, err)
			}
			gotBook, gotSecrets := now()
			if c.back != (gotBook == book && gotSecrets == secrets) {
				t.Errorf("the files are\n%s%s", gotBook, gotSecrets)
			}
			if c.back && (!slices.Equal(changed, []string{"isp"}) || !slices.Equal(trial.Up, []string{"isp"})) {
				t.Errorf("changed %v, up %v", changed, trial.Up)
			}
			if again, _, err := Revert(dir, false); again != nil || err != nil {
				t.Errorf("once more: %v, %v", again, err)
			}
		})
	}
}

// TestOverdueTrial: nobody builds on a change whose time is over.
func TestOverdueTrial(t *testing.T) {
	for name, begin := range map[string]func(dir string) (*Edit, error){"begin": Begin, "draft": Draft} {
		dir, now := trialDir(t)
		book, _ := now()
		onTrial(t, dir)
		age(t, dir, false)
		e, err := begin(dir)
		if err != nil {
			t.Fatal(err)
		}
		if was, is := e.Texts(); string(was) != book || string(is) != book {
			t.Errorf("%s reads\n%s", name, was)
		}
		e.Close()
	}
}

// TestDraft: a draft keeps nobody out, and does not overwrite what came
// meanwhile.
func TestDraft(t *testing.T) {
	dir, now := trialDir(t)
	first, err := Draft(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Draft(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range []*Edit{first, second} {
		if err := e.Set("isp", "mtu", []string{"1400", "1300"}[i]); err != nil {
			t.Fatal(err)
		}
	}
	if file, err := second.Stale(); file != "" || err != nil {
		t.Error(file, err)
	}
	if _, err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if file, err := second.Stale(); file != BookFile || err != nil {
		t.Error(file, err)
	}
	if _, err := second.Commit(); cause.Of(err) != cause.ConfigInUse {
		t.Errorf("the second one: %v", err)
	}
	if book, _ := now(); !strings.Contains(book, "mtu = 1400\n") {
		t.Errorf("the file is\n%s", book)
	}
	if err := first.Set("isp", "mtu", "1450"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Commit(); err != nil {
		t.Errorf("once more: %v", err)
	}
	if lines, err := first.Lines("isp"); err != nil || !slices.Contains(lines, "mtu = 1450") {
		t.Errorf("the lines are %q, %v", lines, err)
	}
}

// TestReplace: another phonebook in place of the whole.
func TestReplace(t *testing.T) {
	dir, now := trialDir(t)
	e, err := Draft(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Replace([]byte("[entry.isp\n")); cause.Of(err) != cause.BadConfig || e.Changed() {
		t.Errorf("a file that is no TOML: %v", err)
	}
	const other = "[entry.other]\ndevice = 'vpn'\nhost = 'h.example'\nuser = 'u'\ndefault-route = true\n"
	if err := e.Replace([]byte(other)); err != nil {
		t.Fatal(err)
	}
	if e.HasSecret("isp") {
		t.Error("the entry that is gone has a secret")
	}
	if _, err := e.Commit(); err != nil {
		t.Fatal(err)
	}
	if book, secrets := now(); book != other || strings.Contains(secrets, "old") {
		t.Errorf("the files are\n%s%s", book, secrets)
	}
}

// FuzzTrial: the file may be anything; what is read is written the same way.
func FuzzTrial(f *testing.F) {
	f.Add([]byte("boot\n1\n12\n3\nff\nisp office\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if trial := parseTrial(b); trial != nil {
			trial.left("boot", 0)
			trial.left(trial.boot, trial.until-1)
		}
	})
}
