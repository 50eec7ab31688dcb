package agent

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"dun/board/netcfg"
	"dun/cmd/internal/agenttest"
	"dun/dialup/cause"
	"dun/dialup/phonebook"
	"dun/modem"
	"dun/modem/modemtest"
)

// open is an agent with a control socket in a directory of its own. Its entry
// isp rings a number that nobody answers; it touches no network.
func open(t *testing.T) (c *Control, dir string) { return openWith(t, writeTime) }

func openWith(t *testing.T, patience time.Duration) (c *Control, dir string) {
	t.Helper()
	line := agenttest.NewLine(t)
	line.Exchange.Set(agenttest.Number, modemtest.Number{Party: modemtest.Dead})
	book, secrets, err := phonebook.Parse([]byte("[entry.isp]\ndevice = 'modem'\nmodem = 'line1'\nphone = ['5550100']\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	others := agenttest.Goroutines()
	a, err := New(Config{Version: "1.2.3", Phonebook: book, Secrets: secrets, Modems: map[string]modem.Config{"line1": agenttest.Modem(t, line.Near)}, Net: noNet{}})
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "run")
	lock, err := Claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = a.listen(dir, patience); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.Close()
		c.Close()
		lock.Close()
		if _, err := os.Lstat(filepath.Join(dir, socketName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
		agenttest.NoGoroutines(t, others)
	})
	return c, dir
}

// plain is a client that speaks lines.
type plain struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func connect(t *testing.T, dir string) *plain {
	t.Helper()
	conn, err := net.Dial("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(agenttest.Patience))
	return &plain{t, conn, bufio.NewReader(conn)}
}

func (p *plain) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *plain) hear() string {
	p.t.Helper()
	line, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("%v after %q", err, line)
	}
	return strings.TrimSuffix(line, "\n")
}

func TestControlSpeaksJSONRPC(t *testing.T) {
	_, dir := open(t)
	p := connect(t, dir)
	for _, c := range []struct{ say, hear string }{
		{`{"jsonrpc":"2.0","id":1,"method":"status"}`, `{"jsonrpc":"2.0","id":1,"result":{"version":"1.2.3","connections":[],"loops":[{*`},
		{`{"jsonrpc":"2.0","id":"a b","method":"subscribe"}`, `{"jsonrpc":"2.0","id":"a b","result":true}`},
		{`{"jsonrpc":"2.0","id":"again","method":"subscribe"}`, `{"jsonrpc":"2.0","id":"again","result":true}`},
		{`nonsense`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,*`},
		{``, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,*`},
		{`[]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,*`},
		{`{"id":1,"method":"status"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,*`},
		{`{"jsonrpc":"2.0","id":{},"method":"status"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,*`},
		{`{"jsonrpc":"2.0","id":2,"method":7}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,*`},
		{`{"jsonrpc":"2.0","id":2,"method":"reboot"}`, `{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no method \"reboot\""}}`},
		{`{"jsonrpc":"2.0","id":3,"method":"hangup"}`, `{"jsonrpc":"2.0","id":3,"error":{"code":-32602,*`},
		{`{"jsonrpc":"2.0","id":3,"method":"hangup","params":{"entry":"isp","all":true}}`, `{"jsonrpc":"2.0","id":3,"error":{"code":-32602,*`},
		{`{"jsonrpc":"2.0","id":3,"method":"hangup","params":[1]}`, `{"jsonrpc":"2.0","id":3,"error":{"code":-32602,*`},
		{`{"jsonrpc":"2.0","id":4,"method":"hangup","params":{"entry":"isp"}}`, `{"jsonrpc":"2.0","id":4,"error":{"code":-32000,*"cause":"not-connected",*`},
		// A notification gets no answer.
		{`{"jsonrpc":"2.0","method":"status"}` + "\n" + `{"jsonrpc":"2.0","id":5,"method":"hangup","params":{"all":true}}`, `{"jsonrpc":"2.0","id":5,"result":true}`},
	} {
		p.say(c.say)
		got, ok := p.hear(), false
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: answered %s, which is no JSON", c.say, got)
		}
		rest := got
		parts := strings.Split(c.hear, "*")
		for i, part := range parts {
			if rest, ok = cutAfter(rest, part, i == 0); !ok {
				break
			}
		}
		if !ok || len(parts) == 1 && rest != "" {
			t.Errorf("%s: answered %s, want %s", c.say, got, c.hear)
		}
	}
}

// cutAfter is s behind part, which it begins with or contains.
func cutAfter(s, part string, begins bool) (string, bool) {
	if begins {
		return strings.CutPrefix(s, part)
	}
	_, after, found := strings.Cut(s, part)
	return after, found
}

func TestControlRefusesLongLines(t *testing.T) {
	_, dir := open(t)
	p := connect(t, dir)
	go io.WriteString(p.conn, strings.Repeat("x", 2*maxLine)+"\n") // fails when the other end has had enough
	if got := p.hear(); !strings.Contains(got, "-32600") || !strings.Contains(got, "64 KiB") {
		t.Errorf("answered %s", got)
	}
	if rest, err := p.in.ReadString('\n'); err == nil {
		t.Errorf("and then %s", rest)
	}
}

// TestControlTakes16Clients: the next is told so; when one has gone, there is
// room.
func TestControlTakes16Clients(t *testing.T) {
	_, dir := open(t)
	var all []*plain
	for range maxClients {
		p := connect(t, dir)
		p.say(`{"jsonrpc":"2.0","id":1,"method":"subscribe"}`)
		p.hear()
		all = append(all, p)
	}
	if got := connect(t, dir).hear(); !strings.Contains(got, "16 clients already") {
		t.Errorf("the next heard %s", got)
	}
	client, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Status(); cause.Of(err) != cause.AgentUnreachable {
		t.Errorf("status gives %v", err)
	}
	all[3].conn.Close()
	agenttest.Eventually(t, func() error {
		client, err := Connect(dir)
		if err != nil {
			return err
		}
		defer client.Close()
		_, err = client.Status()
		return err
	})
}

// TestControlCutsSlowReaders: one that does not read delays nobody and is cut
// off.
func TestControlCutsSlowReaders(t *testing.T) {
	c, dir := openWith(t, 50*time.Millisecond)
	slow, quick := connect(t, dir), connect(t, dir)
	for _, p := range []*plain{slow, quick} {
		p.say(`{"jsonrpc":"2.0","id":1,"method":"subscribe"}`)
		p.hear()
	}
	heard := make(chan int)
	go func() {
		n := 0
		for {
			line, err := quick.in.ReadString('\n')
			if err != nil || strings.Contains(line, "the last") {
				heard <- n
				return
			}
			n++
		}
	}()
	text := strings.Repeat("x", 10_000)
	for range 2000 {
		c.agent.emitText("isp", "%s", text)
	}
	c.agent.emitText("isp", "the last")
	if n := <-heard; n == 0 {
		t.Error("the quick reader heard nothing")
	}
	raw, err := slow.conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	agenttest.Eventually(t, func() error {
		fds := []unix.PollFd{{Events: unix.POLLRDHUP}}
		raw.Control(func(fd uintptr) {
			fds[0].Fd = int32(fd)
			unix.Poll(fds, 100)
		})
		if fds[0].Revents&(unix.POLLRDHUP|unix.POLLHUP) == 0 {
			return errors.New("the slow reader is not cut off")
		}
		return nil
	})
}

func TestControlSocketIsPrivate(t *testing.T) {
	defer unix.Umask(unix.Umask(0)) // the worst case
	_, dir := open(t)
	info, err := os.Lstat(filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 && mode != 0o660 {
		t.Errorf("the socket has mode %v", mode)
	}
	lock, err := os.Stat(filepath.Join(dir, lockName))
	if err != nil || lock.Mode().Perm() != 0o600 {
		t.Errorf("the lock has mode %v, %v", lock.Mode(), err)
	}
}

func TestClaim(t *testing.T) {
	_, dir := open(t)
	_, err := Claim(dir)
	if cause.Of(err) != cause.RuntimeInUse || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("a second owner: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(filepath.Join(file, "run")); cause.Of(err) != cause.NoPermission {
		t.Errorf("a directory that cannot be: %v", err)
	}
}

// TestStaleSocket: the socket of a process that was killed is replaced.
func TestStaleSocket(t *testing.T) {
	c, dir := open(t)
	socket := filepath.Join(dir, socketName)
	if err := os.Link(socket, socket+".kept"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := os.Rename(socket+".kept", socket); err != nil {
		t.Fatal(err)
	}
	if _, err := Connect(dir); cause.Of(err) != cause.AgentUnreachable {
		t.Errorf("connecting to a dead socket: %v", err)
	}
	again, err := c.agent.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	client, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if s, err := client.Status(); err != nil || s.Version != "1.2.3" {
		t.Errorf("status gives %+v, %v", s, err)
	}
}

// TestClient: answers and events of one conversation.
func TestClient(t *testing.T) {
	c, dir := open(t)
	client, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Subscribe(); err != nil {
		t.Fatal(err)
	}
	if err := client.HangUp("isp"); cause.Of(err) != cause.NotConnected || !strings.Contains(err.Error(), `"isp"`) {
		t.Errorf("hanging up what is not connected: %v", err)
	}
	call, err := c.agent.Dial("isp")
	if err != nil {
		t.Fatal(err)
	}
	next := func(what string, right func(Event) bool) {
		t.Helper()
		for {
			ev, err := client.Next()
			if err != nil {
				t.Fatalf("waiting for %s: %v", what, err)
			}
			if right(ev) {
				return
			}
			if ev.Packet != "" {
				t.Errorf("a packet came: %+v", ev)
			}
		}
	}
	next("dialing", func(ev Event) bool { return ev.Entry == "isp" && ev.Text == "dial ATDT5550100" && ev.Detail })
	s, err := client.Status()
	if err != nil || len(s.Connections) != 1 || s.Connections[0].Entry != "isp" || s.Connections[0].Phase != "dial" || s.Connections[0].Target != "5550100" {
		t.Errorf("status gives %+v, %v", s, err)
	}
	if err := client.HangUp("isp"); err != nil {
		t.Fatal(err)
	}
	<-call.Done()
	if _, err := client.Status(); err != nil { // the end may come before this answer, and is kept
		t.Fatal(err)
	}
	next("the end", func(ev Event) bool { return ev.End != nil && ev.End.Cause == "user-request" })
	if err := client.HangUpAll(); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if _, err := client.Next(); cause.Of(err) != cause.AgentUnreachable {
		t.Errorf("an owner that is gone: %v", err)
	}
	if err := client.HangUpAll(); cause.Of(err) != cause.AgentUnreachable {
		t.Errorf("an owner that is gone: %v", err)
	}
}

func TestClientOfSomethingElse(t *testing.T) {
	dir := t.TempDir()
	if _, err := Connect(dir); cause.Of(err) != cause.AgentUnreachable {
		t.Errorf("nobody there: %v", err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err == nil {
			io.WriteString(conn, "SSH-2.0\r\n")
			conn.Close()
		}
	}()
	client, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Status(); cause.Of(err) != cause.AgentUnreachable {
		t.Errorf("got %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"hangup","params":{"entry":"isp"}}`, `{"jsonrpc":"2.0","id":"x","method":"status"}`,
		`{"jsonrpc":"2.0","id":null,"method":"hangup","params":{"all":true}}`, `[]`, `{`, ``, `{"jsonrpc":"2.0","id":[],"method":"x"}`,
	} {
		f.Add([]byte(s))
	}
	a, err := New(Config{Net: noNet{}})
	if err != nil {
		f.Fatal(err)
	}
	defer a.Close()
	c := &Control{agent: a}
	f.Fuzz(func(t *testing.T, line []byte) {
		req, wrong := parseRequest(line)
		if wrong == nil && req.Method != "" {
			result, failed := c.call(req)
			if (result == nil) == (failed == nil) {
				t.Errorf("%s: %v and %v", line, result, failed)
			}
			b, err := json.Marshal(response{Version: jsonVersion, ID: req.ID, Result: result, Error: failed})
			if err != nil || !json.Valid(b) {
				t.Errorf("%s: answered %s, %v", line, b, err)
			}
		}
		c.wg.Wait()
	})
}

// noNet is a system in which there is nothing to change.
type noNet struct{}

func (noNet) Pin(string, []netcfg.Pin) error      { return nil }
func (noNet) Set(string, netcfg.State) error      { return nil }
func (noNet) Clear(string) error                  { return nil }
func (noNet) Block(string, *netcfg.Block) error   { return nil }
func (noNet) Blocked() (names []string, _ error)  { return nil, nil }
func (noNet) NameServers() (servers []netip.Addr) { return nil }
