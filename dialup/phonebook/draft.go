package phonebook

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"dun/dialup/strict"
)

// Draft is Begin for somebody who takes his time, a person at a console:
// nobody is kept from changing the files until Commit, which then saves
// nothing if somebody did (see Stale).
func Draft(dir string) (*Edit, error) {
	if t, err := TrialOf(dir); err == nil && t != nil && t.Over() {
		if _, _, err := Revert(dir, false); err != nil {
			return nil, err
		}
	}
	e := &Edit{dir: dir, draft: true}
	return e, e.read()
}

// read takes the files as they are.
func (e *Edit) read() error {
	book, secrets := open(e.dir)
	for _, doc := range []*strict.Document{book, secrets} {
		if err := doc.Problems().Err(); err != nil && !doc.Missing {
			return err
		}
	}
	e.oldBook, e.oldSecrets = book.Data, secrets.Data
	e.bookText, e.secretsText = book.Data, secrets.Data
	return nil
}

// lockDraft takes the right that Begin has from the start.
func (e *Edit) lockDraft() error {
	if err := os.MkdirAll(e.dir, 0o755); err != nil {
		return notSaved(err)
	}
	lock, err := takeLock(e.dir, lockWait)
	e.lock = lock
	return err
}

// Stale names the file that somebody has changed since it was read, "" if
// nobody has.
func (e *Edit) Stale() (string, error) {
	for _, f := range []struct {
		name string
		was  []byte
	}{{BookFile, e.oldBook}, {SecretsFile, e.oldSecrets}} {
		now, err := os.ReadFile(filepath.Join(e.dir, f.name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", notSaved(err)
		}
		if !bytes.Equal(now, f.was) {
			return f.name, nil
		}
	}
	return "", nil
}

// Changed reports whether Commit has anything to save.
func (e *Edit) Changed() bool {
	return !bytes.Equal(e.oldBook, e.bookText) || !bytes.Equal(e.oldSecrets, e.secretsText)
}

// Texts are phonebook.toml as it was read and as it shall be.
func (e *Edit) Texts() (was, is []byte) { return e.oldBook, e.bookText }

// ChangedSecrets names the entries with another secret than before.
func (e *Edit) ChangedSecrets() []string {
	was, is := readSecrets(strict.Parse(SecretsFile, e.oldSecrets, true)), readSecrets(e.secretsDoc())
	names := make(map[string]bool)
	for name := range was.entries {
		names[name] = !is.HasEntry(name)
	}
	for name := range is.entries {
		names[name] = !was.HasEntry(name) || was.Entry(name) != is.Entry(name)
	}
	for name, changed := range names {
		if !changed {
			delete(names, name)
		}
	}
	return sortedKeys(names)
}

// HasSecret reports whether an entry would have a secret.
func (e *Edit) HasSecret(name string) bool { return readSecrets(e.secretsDoc()).HasEntry(name) }

// Lines are the lines of an entry, as they shall be.
func (e *Edit) Lines(name string) ([]string, error) {
	doc, t, err := e.entry(name)
	if err != nil {
		return nil, err
	}
	lines, err := doc.Lines(t)
	if err != nil {
		return nil, e.takeText(nil, err)
	}
	return lines, nil
}

// Replace puts another phonebook.toml in the place of the whole. Entries that
// are no more lose their secrets.
func (e *Edit) Replace(text []byte) error {
	doc := strict.Parse(filepath.Join(e.dir, BookFile), text, false)
	if err := doc.Problems().Err(); err != nil {
		return err
	}
	was := e.bookDoc()
	e.bookText = text
	for _, it := range was.Reader(was.Root).Tables("entry") {
		if _, _, err := e.entry(it.Key); err != nil {
			if err := e.Forget(it.Key); err != nil {
				return err
			}
		}
	}
	return nil
}
