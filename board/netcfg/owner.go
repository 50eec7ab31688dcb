package netcfg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
)

// The state directory holds
//
//	lock                  taken for each piece of work
//	PID-START-N.lock      held by an owner while its process lives
//	PID-START-N.journal   what that owner has put into the host
//
// N counts the Managers of one process. That an owner is dead is told by its
// lock and by nothing else: a pid says nothing in another pid namespace.
const (
	lockExt    = ".lock"
	journalExt = ".journal"
)

// lockTime is how long another process may work in the directory.
const lockTime = 20 * time.Second

// storage is the state directory of one owner.
type storage struct {
	dir  string
	id   string   // PID-START-N
	life *os.File // our lock
}

// owner is another one's journal.
type owner struct {
	id      string
	journal *journal
	err     error // the journal cannot be read
}

func openDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return cause.Wrap(classify(err), err, "state directory")
	}
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return cause.Wrap(classify(err), err, "state directory %s", dir)
	}
	// Whoever may write there decides what is undone with our rights.
	if st.Mode&0o022 != 0 || st.Uid != uint32(os.Geteuid()) && st.Uid != 0 {
		return cause.New(cause.BadConfig, "state directory %s: others than its owner, root or this user, may write there", dir)
	}
	return nil
}

// lockDir waits for the directory and returns what lets it go.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, cause.Wrap(classify(err), err, "state directory")
	}
	if err := waitFlock(f); err != nil {
		f.Close()
		return nil, cause.Wrap(cause.NetworkSetup, err, "state directory %s: another dun works there", dir)
	}
	return func() { f.Close() }, nil
}

// waitFlock takes the lock, which others hold for short pieces of work. It
// polls, since a blocking flock(2) cannot be given a time.
func waitFlock(f *os.File) error {
	for deadline := time.Now().Add(lockTime); ; time.Sleep(10 * time.Millisecond) {
		if err := flock(f); !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(deadline) {
			return err
		}
	}
}

// flock takes the lock or fails with EWOULDBLOCK.
func flock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != unix.EINTR {
			return err
		}
	}
}

// enter makes this process's next owner in dir, whose lock is held.
func enter(dir string, start uint64) (*storage, error) {
	for n := 0; ; n++ {
		id := fmt.Sprintf("%d-%d-%d", os.Getpid(), start, n)
		f, err := os.OpenFile(filepath.Join(dir, id+lockExt), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) && n < 10000 {
			continue
		}
		if err == nil {
			// Whoever probes it in this moment lets go at once.
			if err = waitFlock(f); err != nil {
				os.Remove(f.Name())
				f.Close()
			}
		}
		if err != nil {
			return nil, cause.Wrap(classify(err), err, "state directory")
		}
		return &storage{dir, id, f}, nil
	}
}

// leave removes the owner's files. The directory's lock is held.
func (s *storage) leave() error {
	return errors.Join(removeOwner(s.dir, s.id), s.life.Close())
}

func (s *storage) write(j *journal) error {
	b, err := j.encode()
	if err == nil {
		err = writeAtomic(filepath.Join(s.dir, s.id+journalExt), b, 0o600)
	}
	if err != nil {
		return cause.Wrap(classify(err), err, "journal")
	}
	return nil
}

// owners reads the journals of all others in dir. mine is left out; with it
// the directory's lock is held. Without, the journals of all are read, by one
// who only looks.
func owners(dir, mine string) (living, dead []owner, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, cause.Wrap(classify(err), err, "state directory")
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tmpPrefix) && mine != "" { // of someone who was killed while writing
			os.Remove(filepath.Join(dir, e.Name()))
		}
		id, ok := strings.CutSuffix(e.Name(), lockExt)
		if !ok || !isOwner(id) || id == mine {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, e.Name()), os.O_RDWR, 0)
		if err != nil {
			return nil, nil, cause.Wrap(classify(err), err, "state directory")
		}
		free := flock(f)
		f.Close()
		if free != nil && !errors.Is(free, unix.EWOULDBLOCK) {
			return nil, nil, cause.Wrap(cause.NetworkSetup, free, "state directory %s cannot hold locks", dir)
		}
		o := owner{id: id}
		if o.journal, o.err = readJournal(filepath.Join(dir, id+journalExt)); o.journal == nil && o.err == nil {
			o.journal = new(journal) // it has done nothing yet
		}
		if free == nil {
			dead = append(dead, o)
		} else {
			living = append(living, o)
		}
	}
	return living, dead, nil
}

// isOwner holds a name to PID-START-N: other locks may lie in the directory.
func isOwner(id string) bool {
	parts := strings.Split(id, "-")
	for _, p := range parts {
		if _, err := strconv.ParseUint(p, 10, 64); err != nil {
			return false
		}
	}
	return len(parts) == 3
}

func readJournal(path string) (*journal, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseJournal(b)
}

// removeOwner removes an owner's files, the lock last: without it nobody
// would look at the journal again.
func removeOwner(dir, id string) error {
	err := os.Remove(filepath.Join(dir, id+journalExt))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, id+lockExt))
}

// keepUnreadable puts a dead owner's broken journal aside for a person.
func keepUnreadable(dir, id string) error {
	if err := os.Rename(filepath.Join(dir, id+journalExt), filepath.Join(dir, "unreadable"+journalExt)); err != nil {
		return err
	}
	return os.Remove(filepath.Join(dir, id+lockExt))
}

// identity says which process of which boot in which network this is.
func identity() (start uint64, boot, netns string, err error) {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, "", "", err
	}
	if start, err = startTime(string(b)); err != nil {
		return 0, "", "", err
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return 0, "", "", err
	}
	var st unix.Stat_t
	if err := unix.Stat("/proc/self/ns/net", &st); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, "", "", err // a kernel without CONFIG_NET_NS has one network
	}
	return start, strings.TrimSpace(string(id)), fmt.Sprintf("%d:%d", st.Dev, st.Ino), nil
}

// startTime finds field 22 of /proc/PID/stat (proc(5)); the name before it is
// in brackets and may hold anything.
func startTime(stat string) (uint64, error) {
	i := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[i+1:])
	if i < 0 || len(fields) < 20 {
		return 0, errors.New("/proc/self/stat: too short")
	}
	return strconv.ParseUint(fields[19], 10, 64)
}
