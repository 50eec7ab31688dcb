package phonebook

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"dun/dialup/cause"
	"dun/dialup/ppp"
	"dun/dialup/strict"
)

// Edit is a change of phonebook.toml and secrets.toml in progress. All happens
// in memory until Commit, which saves both or nothing. What is not touched
// stays as it is, comments and order included.
//
//	e, err := phonebook.Begin(dir)     // one at a time
//	defer e.Close()
//	err = e.Set("office", "mtu", "1400")
//	warnings, err := e.Commit()        // nothing was saved unless err is nil
type Edit struct {
	dir                   string
	lock                  *os.File
	oldBook, oldSecrets   []byte // as they are in the files
	bookText, secretsText []byte // as they shall be
	draft                 bool   // the lock is taken by Commit only
	trial                 *Trial // the commit that is under way is on trial
}

// Begin takes the right to change the files of dir, which it makes if needed,
// and reads them. A file that is no TOML, or cannot be trusted, is refused
// with cause.BadConfig and what is wrong with it (Problems).
func Begin(dir string) (*Edit, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, notSaved(err)
	}
	lock, err := takeLock(dir, lockWait)
	if err != nil {
		return nil, err
	}
	e := &Edit{dir: dir, lock: lock}
	// A change on trial that is overdue is not to be built upon.
	if _, _, err := revert(dir, false); err != nil {
		e.Close()
		return nil, err
	}
	if err := e.read(); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Close gives up what was not committed. It may be called again.
func (e *Edit) Close() {
	if e.lock != nil {
		e.lock.Close()
		e.lock = nil
	}
}

// Check reads the files as they would be: the book, and all that is wrong.
func (e *Edit) Check() (*Book, Problems) {
	b, _, problems := read(e.bookDoc(), e.secretsDoc())
	return b, problems
}

func (e *Edit) bookDoc() *strict.Document {
	return strict.Parse(filepath.Join(e.dir, BookFile), e.bookText, false)
}

func (e *Edit) secretsDoc() *strict.Document {
	return strict.Parse(filepath.Join(e.dir, SecretsFile), e.secretsText, true)
}

// Commit checks the files as they would be and saves them. With a mistake, or
// when they were changed by somebody who does not ask (an editor), or when
// they cannot be written, nothing is saved. A change that makes no difference
// saves nothing either.
func (e *Edit) Commit() (warnings Problems, err error) {
	_, problems := e.Check()
	if err := problems.Err(); err != nil {
		return nil, err
	}
	newBook, newSecrets := !bytes.Equal(e.oldBook, e.bookText), !bytes.Equal(e.oldSecrets, e.secretsText)
	if !newBook && !newSecrets {
		return problems, nil
	}
	if e.draft {
		defer e.Close()
		if err := e.lockDraft(); err != nil {
			return nil, err
		}
	}
	if file, err := e.Stale(); err != nil {
		return nil, err
	} else if file != "" {
		return nil, cause.New(cause.ConfigInUse, "%s was changed meanwhile; nothing was saved", file)
	}
	if err := e.write(newBook, newSecrets); err != nil {
		return nil, err
	}
	dropVersions(e.dir)
	if e.trial == nil { // whoever goes on from a change on trial means it
		endTrial(e.dir) // if that fails: it has ended, its content is not that of the files
	}
	e.oldBook, e.oldSecrets = e.bookText, e.secretsText
	return problems, nil
}

// write puts the new files in place of the old ones. Where both change, secrets
// that serve the old phonebook and the new one come first and the final ones
// last, so that they fit the phonebook whenever this is interrupted.
func (e *Edit) write(newBook, newSecrets bool) (err error) {
	var all []staged
	defer func() {
		if err != nil {
			for _, s := range all {
				s.discard()
			}
		}
	}()
	add := func(file string, data []byte, mode fs.FileMode) error {
		s, err := stage(filepath.Join(e.dir, file), data, mode, len(all))
		if err == nil {
			all = append(all, s)
		}
		return err
	}
	if newBook && newSecrets {
		if both := e.secretsOfBoth(); !bytes.Equal(both, e.oldSecrets) {
			if err := add(SecretsFile, both, 0o600); err != nil {
				return err
			}
		}
	}
	if newBook {
		if err := add(BookFile, e.bookText, 0o644); err != nil {
			return err
		}
	}
	if newSecrets {
		if err := add(SecretsFile, e.secretsText, 0o600); err != nil {
			return err
		}
	}
	dropVersions(e.dir) // that a killed one has left
	if err := keepVersion(e.dir, e.oldBook, e.oldSecrets); err != nil {
		return err
	}
	if e.trial != nil {
		if err := e.trial.save(e.dir); err != nil {
			return err
		}
	}
	for _, s := range all {
		if err := s.install(); err != nil {
			return err
		}
	}
	return nil
}

// secretsOfBoth is the old secrets, and those of entries that are new.
func (e *Edit) secretsOfBoth() []byte {
	was := strict.Parse(SecretsFile, e.oldSecrets, true)
	old, new := readSecrets(was), readSecrets(e.secretsDoc())
	text := e.oldSecrets
	for _, it := range was.Reader(was.Root).Tables("entry") {
		delete(new.entries, it.Key)
	}
	for _, name := range sortedKeys(new.entries) {
		if !old.HasEntry(name) {
			text = strict.Parse(SecretsFile, text, true).Add([]string{"entry", name}, []string{secretLine(*new.entries[name])})
		}
	}
	return text
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// secretLine is the setting for a secret.
func secretLine(s ppp.Secret) string {
	if s.HasHash {
		return "nt-hash = " + tomlString(hex.EncodeToString(s.NTHash[:]))
	}
	return "password = " + tomlString(s.Password)
}

// Undo takes the last n changes back: the files become what they were before.
// An undo is a change like any other: the next one takes it back. It returns
// when the oldest of the changes was made.
func (e *Edit) Undo(n int) (time.Time, error) {
	versions, err := Versions(e.dir)
	if err != nil {
		return time.Time{}, err
	}
	// Where a save was cut short, the last version is what there is now.
	for len(versions) > 0 && bytes.Equal(versions[0].book, e.oldBook) && bytes.Equal(versions[0].secrets, e.oldSecrets) {
		versions = versions[1:]
	}
	if n < 1 || n > len(versions) {
		return time.Time{}, cause.New(cause.Usage, "%d changes can be taken back", len(versions))
	}
	v := versions[n-1]
	e.bookText, e.secretsText = v.book, v.secrets
	return v.Saved, nil
}
