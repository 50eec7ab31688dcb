package phonebook

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
	"dun/dialup/ppp"
)

// writerEnv is set in a child that changes the phonebook of its value until it
// is killed.
const writerEnv = "DUN_PHONEBOOK_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerEnv); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Println(err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// cycle are changes that lead from a state of the files back to it, among them
// those that change both files.
var cycle = []func(e *Edit) error{
	func(e *Edit) error { return e.Set("isp", "user", `"somebody"`) },
	func(e *Edit) error { return e.Rename("isp", "provider") },
	func(e *Edit) error { return e.SetSecret("provider", ppp.Secret{Password: "other"}) },
	func(e *Edit) error { return e.Copy("provider", "night") },
	func(e *Edit) error { return e.Remove("night") },
	func(e *Edit) error { return e.Rename("provider", "isp") },
	func(e *Edit) error { return e.SetSecret("isp", ppp.Secret{Password: `isp\secret`}) },
	func(e *Edit) error { return e.Unset("isp", "user") },
}

type state struct{ book, secrets string }

// cycleStates are the files before each change of the cycle.
func cycleStates(start state) ([]state, error) {
	var states []state
	e := &Edit{bookText: []byte(start.book), secretsText: []byte(start.secrets)}
	for _, f := range cycle {
		states = append(states, state{string(e.bookText), string(e.secretsText)})
		if err := f(e); err != nil {
			return nil, err
		}
	}
	if got := (state{string(e.bookText), string(e.secretsText)}); got != start {
		return nil, fmt.Errorf("the cycle ends with\n%s\n%s", got.book, got.secrets)
	}
	return states, nil
}

// firstState has entries around those that change, and is such that the
// cycle comes back to it.
func firstState() state {
	s := state{editBook + "mtu = 1400\n", "# keep!\n\n[user.bob]\npassword = \"bob's\"\n\n[entry.isp]\npassword = 'isp\\secret'\n"}
	for i := range 10 {
		s.book += fmt.Sprintf("\n[entry.e%d]\ndevice = \"vpn\"\nhost = \"e%d.example\"\nuser = \"u\"\ndefault-route = true\n", i, i)
	}
	return s
}

// step makes the next change of the cycle. After one that was interrupted
// between the two files it puts the secrets right.
func step(dir string, states []state) error {
	e, err := Begin(dir)
	if err != nil {
		return err
	}
	defer e.Close()
	now := state{string(e.oldBook), string(e.oldSecrets)}
	if i := slices.Index(states, now); i >= 0 {
		if err := cycle[i](e); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	} else if i := slices.IndexFunc(states, func(s state) bool { return s.book == now.book }); i >= 0 {
		e.secretsText = []byte(states[i].secrets)
	} else {
		return errors.New("this is no phonebook of ours")
	}
	_, err = e.Commit()
	return err
}

func writeForever(dir string) error {
	states, err := cycleStates(firstState())
	fmt.Println("writing")
	for err == nil {
		err = step(dir, states)
	}
	return err
}

// whole checks what a killed writer, or one without room, has left: each file
// is one of those that were written, they fit together, and so do the versions
// that are kept.
func whole(t *testing.T, dir string, states []state) (at int) {
	t.Helper()
	is := func(b []byte) func(state) bool { return func(s state) bool { return s.book == string(b) } }
	book, secrets := content(t, dir, BookFile), content(t, dir, SecretsFile)
	at = slices.IndexFunc(states, is([]byte(book)))
	if at < 0 {
		t.Fatalf("this phonebook was never written (%d octets)", len(book))
	}
	b, s, err := Load(dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, secrets)
	}
	for _, name := range []string{"isp", "provider", "night"} {
		if _, there := b.Entry(name); there && !s.HasEntry(name) {
			t.Fatalf("%s lost its secret:\n%s", name, secrets)
		}
	}
	if _, there := s.Find("bob"); !there {
		t.Fatalf("bob is lost:\n%s", secrets)
	}
	versions, err := Versions(dir)
	if err != nil || len(versions) > maxVersions+1 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	for _, v := range versions {
		if _, _, err := Parse(v.book, v.secrets); err != nil || slices.IndexFunc(states, is(v.book)) < 0 {
			t.Fatalf("version %d was never written: %v", v.number, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*.new*"))
	if err != nil || len(left) > 4 {
		t.Fatalf("%v is left behind, %v", left, err)
	}
	return at
}

// TestKilledWriters kills writers at random moments: the files are the old
// ones or the new ones, whole. DUN_KILLS says how many.
func TestKilledWriters(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		kills := 60
		if n, err := strconv.Atoi(os.Getenv("DUN_KILLS")); err == nil {
			kills = n
		}
		start := firstState()
		states, err := cycleStates(start)
		if err != nil {
			t.Fatal(err)
		}
		// In memory fsync takes no time, and most of it goes into the changes.
		dir := newDir(t, "", "")
		mountMemory(t, dir, "4m")
		os.WriteFile(filepath.Join(dir, BookFile), []byte(start.book), 0o644)
		os.WriteFile(filepath.Join(dir, SecretsFile), []byte(start.secrets), 0o600)
		begin := time.Now()
		for range cycle {
			if err := step(dir, states); err != nil {
				t.Fatal(err)
			}
		}
		few := 4 * int64(time.Since(begin)) / int64(len(cycle)) // changes, at this machine's pace
		moved, within := 0, 0
		made, last := 0, 0
		for made < kills || (within == 0 || moved == 0) && made < 10*kills {
			made++
			kill(t, dir, time.Duration(rand.Int64N(few)))
			at := whole(t, dir, states)
			if at != last {
				moved++
			}
			last = at
			if left, _ := filepath.Glob(filepath.Join(dir, ".*.new*")); len(left) > 0 {
				within++
			}
		}
		t.Logf("%d writers killed, %d of them with a file half way, %d had moved on", made, within, moved)
		if within == 0 || moved == 0 {
			t.Errorf("of %d writers %d were killed within a change, and %d made one: this shows nothing", made, within, moved)
		}
	})
}

func mountMemory(t *testing.T, dir, size string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, 0) })
}

// kill starts a writer and kills it that long after its first word.
func kill(t *testing.T, dir string, after time.Duration) {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), writerEnv+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	if _, err := r.ReadString('\n'); err != nil {
		t.Error(err)
	}
	<-time.After(after)
	c.Process.Kill()
	if rest, _ := r.ReadString('\n'); rest != "" {
		t.Errorf("the writer ended: %s", rest)
	}
	c.Wait()
}

// TestFullDisk fills the disk to each degree and makes changes until one
// fails: nothing is lost, and with room again all goes on.
func TestFullDisk(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		start := firstState()
		states, err := cycleStates(start)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		mountMemory(t, dir, "1m")
		full := 0
		for room := 0; room < 40; room++ { // pages
			os.RemoveAll(filepath.Join(dir, VersionsDir))
			os.WriteFile(filepath.Join(dir, BookFile), []byte(start.book), 0o644)
			os.WriteFile(filepath.Join(dir, SecretsFile), []byte(start.secrets), 0o600)
			fill(t, filepath.Join(dir, "ballast"), room*os.Getpagesize())
			var err error
			for range 3 * len(cycle) {
				if err = step(dir, states); err != nil {
					break
				}
				whole(t, dir, states)
			}
			if err == nil {
				continue
			}
			full++
			if cause.Of(err) != cause.NotSaved || !errors.Is(err, unix.ENOSPC) {
				t.Fatalf("room for %d pages: %v", room, err)
			}
			before := content(t, dir, BookFile)
			whole(t, dir, states)
			if left, _ := filepath.Glob(filepath.Join(dir, ".*.new*")); len(left) > 0 {
				t.Errorf("room for %d pages: left behind %v", room, left)
			}
			if err := step(dir, states); err == nil || content(t, dir, BookFile) != before {
				t.Errorf("room for %d pages: the second try gives %v", room, err)
			}
			os.Remove(filepath.Join(dir, "ballast"))
			if err := step(dir, states); err != nil {
				t.Errorf("with room again: %v", err)
			}
			whole(t, dir, states)
		}
		if full < 10 {
			t.Errorf("the disk was full %d times only", full)
		}
	})
}

// fill takes all the room there is but some.
func fill(t *testing.T, file string, but int) {
	t.Helper()
	os.Remove(file)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := 0
	for page := make([]byte, os.Getpagesize()); ; {
		n, err := f.Write(page)
		size += n
		if errors.Is(err, unix.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(int64(max(size-but, 0))); err != nil {
		t.Fatal(err)
	}
}
