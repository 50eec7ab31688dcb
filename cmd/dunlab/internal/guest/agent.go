package guest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Agent serves the laboratory's requests in the guest that the Spec at path
// describes. It starts the guest's services first and then says on the
// console that the guest is ready.
func Agent(ctx context.Context, path string) error {
	spec, err := load(path)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", spec.Control.String())
	if err != nil {
		return err
	}
	defer l.Close()
	a := &agent{programs: newPrograms(os.Stdout)}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, s := range spec.Services {
		for i, word := range s.Argv {
			s.Argv[i] = strings.ReplaceAll(word, Self, self)
		}
		if _, err := a.programs.start(s.Name, s.Argv, nil); err != nil {
			return err
		}
	}
	for _, s := range spec.Services {
		if err := awaitListener(ctx, s); err != nil {
			return err
		}
	}
	fmt.Println(readyWord)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go a.serve(ctx, c) // ends with its connection, at the latest with the guest
	}
}

type agent struct{ programs *programs }

func (a *agent) serve(ctx context.Context, c net.Conn) {
	defer c.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := bufio.NewReader(io.LimitReader(c, maxMessage))
	line, err := in.ReadBytes('\n')
	if err != nil {
		return
	}
	// The client says nothing more: what comes now is its end.
	go func() {
		in.ReadByte()
		cancel()
	}()
	var q request
	var r reply
	if err := json.Unmarshal(line, &q); err != nil {
		r.Error = err.Error()
	} else if err := a.do(ctx, q, &r); err != nil {
		r.Error = err.Error()
	}
	json.NewEncoder(c).Encode(r)
}

func (a *agent) do(ctx context.Context, q request, r *reply) (err error) {
	switch q.Op {
	case opRun:
		return a.programs.run(ctx, q.Argv, q.Env, r)
	case opStart:
		r.Started, err = a.programs.start(q.Name, q.Argv, q.Env)
		return err
	case opWait:
		return a.programs.wait(ctx, q.Name, r)
	case opSignal:
		return a.programs.signal(q.Name, unix.Signal(q.Signal))
	case opKillAll:
		return killAll("/proc", q.Argv, unix.Signal(q.Signal))
	case opPut:
		if err := os.MkdirAll(filepath.Dir(q.Path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(q.Path, q.Data, os.FileMode(q.Mode))
	case opAwait:
		r.Addrs, err = awaitAddress(ctx, q.Name)
		return err
	case opClock:
		r.Clock = time.Now()
		return nil
	}
	return fmt.Errorf("the agent knows no %q", q.Op)
}

// awaitListener waits until somebody listens on the service's port. It looks
// and does not knock, since a knock would be a call.
func awaitListener(ctx context.Context, s Service) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		table, err := os.ReadFile("/proc/net/tcp")
		if err != nil {
			return err
		}
		if s.Port == 0 || listens(string(table), s.Port) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("service %s does not listen: %w", s.Name, ctx.Err())
		}
	}
}

// listens looks for a socket in state LISTEN in /proc/net/tcp (proc(5)):
// "sl local:port remote:port 0A ...".
func listens(table string, port uint16) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) > 3 && strings.HasSuffix(f[1], suffix) && f[3] == "0A" {
			return true
		}
	}
	return false
}

// killAll signals every process that has one of the names, and fails when a
// name has none. All are found before the first is signalled: a child may die
// of its parent's end.
func killAll(proc string, names []string, s unix.Signal) error {
	entries, err := os.ReadDir(proc)
	if err != nil {
		return err
	}
	found := make(map[string]bool)
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile(filepath.Join(proc, e.Name(), "comm"))
		if comm := strings.TrimSpace(string(b)); err == nil && slices.Contains(names, comm) {
			found[comm] = true
			pids = append(pids, pid)
		}
	}
	for _, name := range names {
		if !found[name] {
			return fmt.Errorf("no process %s runs", name)
		}
	}
	for _, pid := range pids {
		if err := unix.Kill(pid, s); err != nil && err != unix.ESRCH {
			return err
		}
	}
	return nil
}

// awaitAddress waits until the named interface is up with an address.
func awaitAddress(ctx context.Context, name string) ([]netip.Prefix, error) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if addrs := addresses(name); len(addrs) > 0 {
			return addrs, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), fmt.Errorf("%s has no address", name))
		}
	}
}

func addresses(name string) []netip.Prefix {
	i, err := net.InterfaceByName(name)
	if err != nil || i.Flags&net.FlagUp == 0 {
		return nil
	}
	list, err := i.Addrs()
	if err != nil {
		return nil
	}
	var addrs []netip.Prefix
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			addrs = append(addrs, p)
		}
	}
	return addrs
}
