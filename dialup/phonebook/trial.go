package phonebook

import (
	"bytes"
	"errors"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/strict"
)

// trialFile says that the last change is on trial. It lies beside the files
// and not with the versions: whoever watches the directory sees it.
const trialFile = ".phonebook.trial"

// MaxTrial is the longest trial.
const MaxTrial = 24 * time.Hour

// Trial is a change that goes back unless it is confirmed. Its time is counted
// by the clock since boot, which nobody sets; when the machine was started
// anew without a confirmation, the trial is over: whoever has cut himself off
// can switch it off and on.
type Trial struct {
	Up []string // the entries that were connected when the change came

	boot    string        // of the machine's run in which it began
	began   time.Duration // since boot
	until   time.Duration
	number  int    // of the version to go back to
	content uint64 // of the files on trial
}

// Left is how long there is to confirm.
func (t *Trial) Left() time.Duration {
	boot, now := sinceBoot()
	return t.left(boot, now)
}

func (t *Trial) left(boot string, now time.Duration) time.Duration {
	if boot != t.boot || t.until-now > MaxTrial {
		return 0
	}
	return max(t.until-now, 0)
}

// Began is when it began.
func (t *Trial) Began() time.Time {
	_, now := sinceBoot()
	return time.Now().Add(t.began - now)
}

// Over reports that it was not confirmed in time.
func (t *Trial) Over() bool { return t.Left() == 0 }

func sinceBoot() (boot string, now time.Duration) {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	var ts unix.Timespec
	unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts)
	return strings.TrimSpace(string(id)), time.Duration(ts.Nano())
}

func contentOf(book, secrets []byte) uint64 {
	h := fnv.New64a()
	h.Write(book)
	h.Write([]byte{0})
	h.Write(secrets)
	return h.Sum64()
}

// CommitOnTrial is Commit of a change that goes back by itself after d, by
// whoever calls Revert then, unless Confirm or another change comes first.
func (e *Edit) CommitOnTrial(d time.Duration, up []string) (warnings Problems, err error) {
	if d <= 0 || d > MaxTrial {
		return nil, cause.New(cause.Usage, "a trial lasts from a minute to a day")
	}
	boot, now := sinceBoot()
	e.trial = &Trial{Up: up, boot: boot, began: now, until: now + d, content: contentOf(e.bookText, e.secretsText)}
	defer func() { e.trial = nil }()
	return e.Commit()
}

// save writes the trial, before the change itself: one without a change does
// no harm, since its content is not that of the files.
func (t *Trial) save(dir string) error {
	numbers, err := versionNumbers(dir)
	if err != nil || len(numbers) == 0 {
		return err
	}
	t.number = numbers[0]
	text := strings.Join([]string{
		t.boot, strconv.FormatInt(int64(t.began), 10), strconv.FormatInt(int64(t.until), 10), strconv.Itoa(t.number), strconv.FormatUint(t.content, 16), strings.Join(t.Up, " "), "",
	}, "\n")
	return save(filepath.Join(dir, trialFile), []byte(text), 0o600)
}

// TrialOf is the trial that is on in dir, nil if there is none.
func TrialOf(dir string) (*Trial, error) {
	b, err := os.ReadFile(filepath.Join(dir, trialFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, notSaved(err)
	}
	return parseTrial(b), nil
}

// parseTrial reads the file; nil for what is none, which nobody here writes.
func parseTrial(b []byte) *Trial {
	lines := strings.Split(string(b), "\n")
	if len(lines) != 7 {
		return nil
	}
	began, err1 := strconv.ParseInt(lines[1], 10, 64)
	until, err2 := strconv.ParseInt(lines[2], 10, 64)
	number, err3 := strconv.Atoi(lines[3])
	content, err4 := strconv.ParseUint(lines[4], 16, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return nil
	}
	return &Trial{
		Up: strings.Fields(lines[5]), boot: lines[0], began: time.Duration(began), until: time.Duration(until),
		number: number, content: content,
	}
}

// Confirm ends a trial: the change stays. It reports whether there was one.
func Confirm(dir string) (bool, error) {
	if t, err := TrialOf(dir); t == nil {
		return false, err
	}
	lock, err := takeLock(dir, lockWait)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	return endTrial(dir)
}

func endTrial(dir string) (bool, error) {
	err := os.Remove(filepath.Join(dir, trialFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = syncDir(dir)
	}
	return err == nil, notSaved(err)
}

// Revert takes the change back that is on trial, when its time is over, or
// now. Several may call it: the first one does it, for the others there is no
// trial any more (nil). changed are the entries that dial another way than
// under the trial. Where the files are not those on trial, they stay.
func Revert(dir string, now bool) (t *Trial, changed []string, err error) {
	if t, err = TrialOf(dir); t == nil && err == nil { // without a lock: most often there is none
		return nil, nil, nil
	}
	lock, err := takeLock(dir, lockWait)
	if err != nil {
		return nil, nil, err
	}
	defer lock.Close()
	return revert(dir, now)
}

// revert is Revert under the lock.
func revert(dir string, now bool) (t *Trial, changed []string, err error) {
	t, err = TrialOf(dir)
	if err != nil || t == nil || !now && !t.Over() {
		return nil, nil, err
	}
	e := &Edit{dir: dir}
	e.oldBook, err = readOrNone(filepath.Join(dir, BookFile))
	if err == nil {
		e.oldSecrets, err = readOrNone(filepath.Join(dir, SecretsFile))
	}
	if err != nil {
		return nil, nil, err
	}
	if contentOf(e.oldBook, e.oldSecrets) != t.content {
		_, err := endTrial(dir)
		return nil, nil, err
	}
	if e.bookText, err = os.ReadFile(versionFile(dir, t.number, BookFile)); err == nil {
		e.secretsText, err = os.ReadFile(versionFile(dir, t.number, SecretsFile))
	}
	if err != nil {
		return nil, nil, notSaved(err)
	}
	if err := e.write(!bytes.Equal(e.oldBook, e.bookText), !bytes.Equal(e.oldSecrets, e.secretsText)); err != nil {
		return nil, nil, err
	}
	dropVersions(dir)
	endTrial(dir) // if that fails: it has ended, its content is not that of the files
	return t, e.changedEntries(), nil
}

func readOrNone(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, notSaved(err)
}

// changedEntries are those that the change touches, their secrets included.
func (e *Edit) changedEntries() []string {
	was, _, _ := read(strict.Parse(BookFile, e.oldBook, false), strict.Parse(SecretsFile, e.oldSecrets, true))
	is, _ := e.Check()
	names := make(map[string]bool)
	for _, name := range e.ChangedSecrets() {
		names[name] = true
	}
	for _, entry := range is.Entries() {
		if old, there := was.Entry(entry.Name); !there || !reflect.DeepEqual(entry, old) {
			names[entry.Name] = true
		}
	}
	return sortedKeys(names)
}
