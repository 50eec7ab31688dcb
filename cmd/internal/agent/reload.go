package agent

import (
	"context"
	"errors"
	"os"
	"reflect"
	"time"

	"golang.org/x/sys/unix"

	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/modem"
)

// Files is what the configuration's files say now.
type Files struct {
	Phonebook *phonebook.Book
	Secrets   *phonebook.Secrets
	Modems    map[string]modem.Config
}

// Reload reads the files anew. A connection that is up is left alone: what
// changed for it counts from the next dialing on. With an error all is as it
// was.
func (a *Agent) Reload() error {
	if a.cfg.Load == nil {
		return cause.New(cause.Usage, "this dun was started for one thing and does not read its files again")
	}
	f, err := a.cfg.Load()
	if err != nil {
		return err
	}
	a.mu.Lock()
	was := Files{a.cfg.Phonebook, a.cfg.Secrets, a.cfg.Modems}
	a.cfg.Phonebook, a.cfg.Secrets, a.cfg.Modems = f.Phonebook, f.Secrets, f.Modems
	for name := range a.refused {
		if changed(was, f, name, nil) {
			delete(a.refused, name)
		}
	}
	for name, k := range a.keepers {
		e, known := f.Phonebook.Entry(name)
		k.gone = !known || !wantsKeeper(e)
		if changed(was, f, name, nil) && !k.byPerson {
			k.policy, k.tries = retry{}, 0
			k.goOnLocked(restStopped)
			k.goOnLocked(restPause)
			if !k.onDemandLocked() {
				k.goOnLocked(restTraffic)
			}
		}
		k.poke()
	}
	keeping := a.keeping
	var removed []*Call
	for name, c := range a.calls {
		if _, known := f.Phonebook.Entry(name); !known {
			removed = append(removed, c)
		}
	}
	a.keepLocked()
	a.mu.Unlock()
	a.tallies.forget(func(name string) bool {
		_, known := f.Phonebook.Entry(name)
		return known
	})
	if keeping {
		a.block()
	}
	for _, c := range removed {
		a.hangUp(c, cause.NoEntry)
	}
	return nil
}

// changed reports whether dialing name is another thing than before: the
// entry, its secret or its modem, or that of an entry that it may run over.
func changed(was, is Files, name string, way map[string]bool) bool {
	e, known := is.Phonebook.Entry(name)
	old, _ := was.Phonebook.Entry(name)
	if !known || !reflect.DeepEqual(e, old) || was.Secrets.Entry(name) != is.Secrets.Entry(name) ||
		!reflect.DeepEqual(was.Modems[e.Modem], is.Modems[e.Modem]) {
		return true
	}
	if way == nil {
		way = make(map[string]bool)
	}
	way[name] = true
	for _, via := range e.Via {
		if via != phonebook.Lan && !way[via] && changed(was, is, via, way) {
			return true
		}
	}
	return false
}

// settle is how long a directory has to be quiet before its files are read:
// editors and copies change them in several steps.
const settle = 300 * time.Millisecond

// Follow reloads whenever a file in dir changes, until ctx ends: who corrects
// a password with an editor expects that it is used. (SIGHUP is no such sign
// here: it comes when a terminal goes, and hangs up.)
func (a *Agent) Follow(ctx context.Context, dir string) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "inotify")
	const what = unix.IN_CLOSE_WRITE | unix.IN_MOVED_TO | unix.IN_DELETE | unix.IN_MOVED_FROM
	if _, err := unix.InotifyAddWatch(fd, dir, what); err != nil {
		f.Close()
		return err
	}
	a.wg.Go(func() {
		defer f.Close()
		stop := context.AfterFunc(ctx, func() { f.SetReadDeadline(time.Unix(1, 0)) })
		defer stop()
		var b [4096]byte
		for ctx.Err() == nil {
			if _, err := f.Read(b[:]); err != nil {
				return
			}
			for { // until it is quiet
				if ctx.Err() == nil {
					f.SetReadDeadline(time.Now().Add(settle))
				}
				if _, err := f.Read(b[:]); err != nil {
					if ctx.Err() != nil || !errors.Is(err, os.ErrDeadlineExceeded) {
						return
					}
					break
				}
			}
			f.SetReadDeadline(time.Time{})
			if ctx.Err() != nil {
				return
			}
			if err := a.Reload(); err != nil {
				a.emitText(configEntry, "the files are left as they were read before: %v", err)
			} else {
				a.emitText(configEntry, "read anew")
			}
		}
	})
	return nil
}

// configEntry is the name of the configuration in events.
const configEntry = "config"
