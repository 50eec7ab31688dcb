package netcfg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/dialup/cause"
)

func claimOf(rank int, def bool, seq int64, search string, servers ...string) ranked {
	return ranked{seq, &dnsClaim{Backend: backendFile, Dev: "dun0", Rank: rank, Default: def, Servers: addrsOf(servers...), Search: strings.Fields(search)}}
}

func TestMerge(t *testing.T) {
	const was = "; comment\nnameserver 1.1.1.1\nnameserver\t1.1.1.2 \ndomain old.example\nsearch home.example lan\noptions ndots:2\n"
	isp := claimOf(0, false, 1, "", "2.2.2.1", "2.2.2.2")
	ispAll := claimOf(0, true, 1, "", "2.2.2.1", "2.2.2.2")
	split := claimOf(1, false, 2, "corp.example", "3.3.3.3")
	full := claimOf(1, true, 2, "corp.example", "3.3.3.3")
	later := claimOf(1, false, 3, "lan two.example", "4.4.4.4", "3.3.3.3", "fe80::1%dun1")
	for _, c := range []struct {
		name   string
		claims []ranked
		want   string
	}{
		{"one link", []ranked{isp}, "nameserver 2.2.2.1\nnameserver 2.2.2.2\nnameserver 1.1.1.1\nsearch home.example lan\noptions ndots:2\n"},
		{"a link with the default route", []ranked{ispAll}, "nameserver 2.2.2.1\nnameserver 2.2.2.2\nsearch home.example lan\noptions ndots:2\n"},
		{"split tunnel over it", []ranked{ispAll, split}, "nameserver 3.3.3.3\nnameserver 2.2.2.1\nnameserver 2.2.2.2\nsearch corp.example home.example lan\noptions ndots:2\n"},
		{"whole tunnel over it", []ranked{ispAll, full}, "nameserver 3.3.3.3\nsearch corp.example home.example lan\noptions ndots:2\n"},
		{"the order of the claims does not matter", []ranked{full, ispAll}, "nameserver 3.3.3.3\nsearch corp.example home.example lan\noptions ndots:2\n"},
		{"the later first, nothing twice, three at most", []ranked{split, later}, "nameserver 4.4.4.4\nnameserver 3.3.3.3\nnameserver fe80::1%dun1\nsearch lan two.example corp.example home.example\noptions ndots:2\n"},
		{"domains alone", []ranked{claimOf(0, true, 1, "x.example")}, "nameserver 1.1.1.1\nnameserver 1.1.1.2\nsearch x.example home.example lan\noptions ndots:2\n"},
	} {
		if got := strings.Join(merge(parseResolv([]byte(was)), c.claims), ""); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestEditedFileKeepsTheEdit(t *testing.T) {
	base := original{text: []byte("nameserver 1.1.1.1\noptions rotate")}
	ours := compose(base, []ranked{claimOf(0, true, 1, "", "2.2.2.2")}, []string{"/run/dun"})
	f := parseOurs(append([]byte("nameserver 9.9.9.9\n"), ours...))
	if want := "nameserver 1.1.1.1\noptions rotate\nnameserver 9.9.9.9\n"; !f.ours || string(f.base.text) != want {
		t.Errorf("ours %v, %q; want %q", f.ours, f.base.text, want)
	}
	// A damaged block is nobody's.
	for _, damage := range [][2]string{{"|nameserver 1.1.1.1", "|nameserver 1.1.1.2"}, {"#dun sum", "#dun summ"}, {"#dun was file", "#dun was gone"}, {"#dun|options rotate\n", ""}} {
		if f := parseOurs([]byte(strings.Replace(string(ours), damage[0], damage[1], 1))); f.ours {
			t.Errorf("%q for %q is taken for ours", damage[1], damage[0])
		}
	}
	if f := parseOurs(append(ours, ours...)); f.ours {
		t.Error("two blocks are taken for one")
	}
}

// FuzzResolv: whatever the file was, it comes back byte by byte; whatever it
// becomes, nothing is read out of it that panics or that writes lines of its
// own.
func FuzzResolv(f *testing.F) {
	for _, s := range []string{"", "nameserver 1.1.1.1\n", resolvBefore, "#dun|x\n#dun sum 00\n", "\r\n\x00", "nameserver", "search\n", " nameserver 1.2.3.4",
		string(compose(original{missing: true}, []ranked{claimOf(1, true, 1, "a.b", "1.2.3.4")}, []string{"/run/x"}))} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, missing bool) {
		if len(text) > maxResolvFile/4 {
			return
		}
		parseOurs(text)
		base := original{text, missing}
		if missing {
			base.text = nil
		}
		claims := []ranked{claimOf(0, false, 1, "a.example", "192.0.2.1")}
		out := compose(base, claims, []string{"/run/dun/host", "/run/two"})
		back := parseOurs(out)
		if !back.ours || string(back.base.text) != string(base.text) || back.base.missing != missing || len(back.dirs) != 2 {
			t.Fatalf("%q became %q, read as %+v", text, out, back)
		}
		if again := compose(back.base, claims, back.dirs); string(again) != string(out) {
			t.Fatalf("composed again: %q, was %q", again, out)
		}
		if s := parseResolv(out).servers; len(s) == 0 || s[0] != "192.0.2.1" || len(s) > maxServers {
			t.Fatalf("servers %q of %q", s, out)
		}
	})
}

// TestResolverFileKinds sets and clears with the file in all its shapes.
func TestResolverFileKinds(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		openTUN(t, "dun1")
		s := State{Interface: "dun1", Local: addrOf("10.9.0.2"), DNS: addrsOf("10.9.0.53")}
		inode := func(path string) uint64 {
			var st unix.Stat_t
			check(t, unix.Stat(path, &st))
			return st.Ino
		}
		try := func(name string, prepare func(t *testing.T, w world), same bool) {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t)
				prepare(t, w)
				m := w.open(t)
				ino := inode(w.resolv)
				check(t, m.Set("office", s))
				if got := readFile(t, w.resolv); !strings.Contains(got, "\nnameserver 10.9.0.53\n") {
					t.Errorf("while connected:\n%s", got)
				}
				if (inode(w.resolv) == ino) != same {
					t.Errorf("the file was written in place: %v, want %v", !same, same)
				}
				check(t, m.Clear("office"))
				if got := readFile(t, w.resolv); got != resolvBefore {
					t.Errorf("afterwards:\n%s", got)
				}
				check(t, m.Close())
			})
		}
		try("plain", func(t *testing.T, w world) {}, false)
		try("symbolic link", func(t *testing.T, w world) {
			to := filepath.Join(t.TempDir(), "real.conf")
			check(t, os.Rename(w.resolv, to))
			check(t, os.Symlink(to, w.resolv))
		}, true)
		try("relative link", func(t *testing.T, w world) {
			check(t, os.Rename(w.resolv, w.resolv+".real"))
			check(t, os.Symlink("resolv.conf.real", w.resolv))
		}, true)
		try("hard link", func(t *testing.T, w world) { check(t, os.Link(w.resolv, w.resolv+".too")) }, true)
		try("bind mount", func(t *testing.T, w world) {
			from := filepath.Join(t.TempDir(), "mounted.conf")
			check(t, os.WriteFile(from, []byte(resolvBefore), 0o644))
			check(t, os.WriteFile(w.resolv, nil, 0o644))
			check(t, unix.Mount(from, w.resolv, "", unix.MS_BIND, ""))
			t.Cleanup(func() { unix.Unmount(w.resolv, 0) })
		}, true)
		try("in a read-only directory", func(t *testing.T, w world) {
			dir := filepath.Dir(w.resolv)
			check(t, unix.Mount(w.resolv, w.resolv, "", unix.MS_BIND, ""))
			check(t, os.MkdirAll(w.dir, 0o755))
			check(t, unix.Mount("state", w.dir, "tmpfs", 0, "mode=755"))
			check(t, unix.Mount(dir, dir, "", unix.MS_BIND|unix.MS_REC, ""))
			check(t, unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
			t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH); unix.Unmount(w.resolv, 0); unix.Unmount(w.dir, 0) })
		}, true)

		t.Run("missing", func(t *testing.T) {
			for _, dangling := range []bool{false, true} {
				w := newWorld(t)
				check(t, os.Remove(w.resolv))
				if dangling {
					check(t, os.Symlink(filepath.Join(t.TempDir(), "later.conf"), w.resolv))
				}
				m := w.open(t)
				check(t, m.Set("office", s))
				if got := readFile(t, w.resolv); !strings.Contains(got, "\nnameserver 10.9.0.53\n") {
					t.Errorf("while connected:\n%s", got)
				}
				check(t, m.Close())
				if b, err := os.ReadFile(w.resolv); !os.IsNotExist(err) {
					t.Errorf("afterwards: %q, %v", b, err)
				}
			}
		})

		t.Run("someone else writes it", func(t *testing.T) {
			w := newWorld(t)
			m := w.open(t)
			check(t, m.Set("office", s))
			const theirs = "# by a DHCP client\nnameserver 192.0.2.54\n"
			check(t, os.WriteFile(w.resolv, []byte(theirs), 0o644))
			check(t, m.Set("office", s))
			if got := readFile(t, w.resolv); !strings.Contains(got, "\nnameserver 10.9.0.53\nnameserver 192.0.2.54\n#dun") {
				t.Errorf("after Set again:\n%s", got)
			}
			check(t, os.WriteFile(w.resolv, []byte(theirs+"# again\n"), 0o644))
			check(t, m.Clear("office"))
			if got := readFile(t, w.resolv); got != theirs+"# again\n" {
				t.Errorf("after Clear:\n%s", got)
			}
		})

		t.Run("cannot be written", func(t *testing.T) {
			w := newWorld(t)
			check(t, unix.Mount(w.resolv, w.resolv, "", unix.MS_BIND, ""))
			check(t, unix.Mount("", w.resolv, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
			t.Cleanup(func() { unix.Unmount(w.resolv, 0) })
			m := w.open(t)
			err := m.Set("office", s)
			if cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), "resolver") {
				t.Errorf("error %v", err)
			}
			hasNot(t, "10.9.0.2/32")
		})
	})
}

// TestResolverOfSeveral: connections do not end in the order they came, and
// owners may have different state directories.
func TestResolverOfSeveral(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		w := newWorld(t)
		for _, dev := range []string{"dun0", "dun1", "dun2"} {
			openTUN(t, dev)
		}
		a, b := w.open(t), w.open(t)
		elsewhere := w
		elsewhere.dir = filepath.Join(t.TempDir(), "other")
		c := elsewhere.open(t)
		set := func(m *Manager, dev, dns string) {
			t.Helper()
			check(t, m.Set("x", State{Interface: dev, Local: addrOf("10.9.0.2"), DNS: addrsOf(dns)}))
		}
		want := func(servers ...string) {
			t.Helper()
			text := readFile(t, w.resolv)
			got := strings.Join(parseResolv([]byte(text)).servers, " ")
			if got != strings.Join(servers, " ") {
				t.Errorf("servers %s, want %q", got, servers)
			}
		}
		set(a, "dun0", "10.0.0.1")
		set(b, "dun1", "10.0.0.2")
		want("10.0.0.2", "10.0.0.1", "192.0.2.53")
		set(c, "dun2", "10.0.0.3")
		want("10.0.0.3", "10.0.0.2", "10.0.0.1")
		check(t, a.Clear("x"))
		want("10.0.0.3", "10.0.0.2", "192.0.2.53")
		check(t, b.Close())
		want("10.0.0.3", "192.0.2.53")
		set(a, "dun0", "10.0.0.4")
		check(t, c.Close())
		want("10.0.0.4", "192.0.2.53")
		check(t, a.Close())
		if got := readFile(t, w.resolv); got != resolvBefore {
			t.Errorf("in the end:\n%s", got)
		}
	})
}

// TestResolverPrograms has scripts in the places of resolvconf and resolvectl
// which write down what they are told.
func TestResolverPrograms(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		lan(t)
		fd := openTUN(t, "dun1")
		bin := t.TempDir()
		log := filepath.Join(bin, "log")
		for _, name := range []string{"resolvconf", "resolvectl"} {
			script := "#!/bin/sh\necho " + name + " \"$@\" >>" + log + "\n[ \"$1\" = -a ] && cat >>" + log + "\n! grep -q \"^$1$\" " + bin + "/fail 2>/dev/null\n"
			check(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
		}
		t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
		told := func(want string) {
			t.Helper()
			if got := readFile(t, log); got != want {
				t.Errorf("told\n%s\nwant\n%s", got, want)
			}
			check(t, os.WriteFile(log, nil, 0o644))
		}
		// /etc and /run of our own.
		for _, dir := range []string{"/etc", "/run"} {
			check(t, unix.Mount("none", dir, "tmpfs", 0, "mode=755"))
		}
		w := newWorld(t)
		w.resolv = "/etc/resolv.conf"
		s := State{Interface: "dun1", Local: addrOf("10.9.0.2"), DNS: addrsOf("10.9.0.53", "10.9.0.54"), Search: []string{"corp.example"}, DefaultRoute: true}

		t.Run("resolvconf", func(t *testing.T) {
			text := "# Generated by resolvconf\nnameserver 192.0.2.53\n"
			check(t, os.WriteFile(w.resolv, []byte(text), 0o644))
			m := w.open(t)
			check(t, m.Set("office", s))
			told("resolvconf -a dun1.dun\nnameserver 10.9.0.53\nnameserver 10.9.0.54\nsearch corp.example\n")
			check(t, m.Clear("office"))
			told("resolvconf -d dun1.dun\n")
			check(t, m.Close())
			if got := readFile(t, w.resolv); got != text {
				t.Errorf("the file was written:\n%s", got)
			}
			w.child(t, order{TUN: "dun2", Name: "x", State: func() State { s := s; s.Interface = "dun2"; return s }()}).kill(t)
			check(t, os.WriteFile(log, nil, 0o644))
			w.open(t)
			told("resolvconf -d dun2.dun\n")
		})
		t.Run("resolved", func(t *testing.T) {
			check(t, os.MkdirAll("/run/systemd/resolve", 0o755))
			check(t, os.WriteFile("/run/systemd/resolve/stub-resolv.conf", []byte("nameserver 127.0.0.53\noptions edns0\n"), 0o644))
			check(t, os.Remove(w.resolv))
			check(t, os.Symlink("../run/systemd/resolve/stub-resolv.conf", w.resolv))
			m := w.open(t)
			check(t, m.Set("office", s))
			told("resolvectl dns dun1 10.9.0.53 10.9.0.54\nresolvectl domain dun1 corp.example ~.\n")
			check(t, m.Clear("office"))
			told("resolvectl revert dun1\n")
			check(t, os.WriteFile(bin+"/fail", []byte("dns\n"), 0o644))
			if err := m.Set("office", s); cause.Of(err) != cause.NetworkSetup || !strings.Contains(err.Error(), "resolvectl dns dun1") {
				t.Errorf("resolvectl fails: %v", err)
			}
			check(t, os.Remove(bin+"/fail"))
			check(t, m.Set("office", s))

			// Another claim fails half-way: the first one is told again.
			check(t, os.WriteFile(bin+"/fail", []byte("domain\n"), 0o644))
			check(t, os.WriteFile(log, nil, 0o644))
			other := s
			other.DNS = addrsOf("10.9.0.55")
			if err := m.Set("office", other); err == nil {
				t.Error("resolvectl domain fails, Set does not")
			}
			told("resolvectl dns dun1 10.9.0.55\nresolvectl domain dun1 corp.example ~.\nresolvectl dns dun1 10.9.0.53 10.9.0.54\nresolvectl domain dun1 corp.example ~.\n")
			check(t, os.Remove(bin+"/fail"))
			check(t, os.WriteFile(log, nil, 0o644))
			check(t, m.Set("office", s))
			unix.Close(fd)
			check(t, os.WriteFile(log, nil, 0o644))
			check(t, m.Clear("office"))
			told("") // the interface is gone, and resolved has forgotten it
			fd = openTUN(t, "dun1")
		})
		t.Run("installed but not in use", func(t *testing.T) {
			check(t, os.Remove(w.resolv))
			check(t, os.WriteFile(w.resolv, []byte("nameserver 192.0.2.53\n"), 0o644))
			m := w.open(t)
			check(t, m.Set("office", s))
			told("")
			if got := readFile(t, w.resolv); !strings.Contains(got, "\nnameserver 10.9.0.53\n") {
				t.Errorf("while connected:\n%s", got)
			}
		})
	})
}
