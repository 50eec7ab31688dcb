package agent

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"dun/dialup/cause"
)

// TestTeletype: behind the answer the connection carries octets, those that
// came together with the question too; it ends with the console, with the
// client and with the agent.
func TestTeletype(t *testing.T) {
	c, dir := open(t)
	client, err := Connect(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Console(80, 24); err == nil {
		t.Error("a dun without a console leads one")
	}
	client.Close()
	ended := make(chan error, 1)
	c.agent.cfg.Console = func(ctx context.Context, tty Teletype) {
		fmt.Fprintf(tty.Out, "%d by %d\r\n", tty.Columns, tty.Rows)
		in := bufio.NewReader(tty.In)
		for {
			line, err := in.ReadString('\r')
			if err != nil || line == "exit\r" {
				ended <- err
				return
			}
			fmt.Fprintf(tty.Out, "%q\r\n", line)
		}
	}
	conn, err := net.Dial("unix", filepath.Join(dir, socketName))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A long line of rubbish, no JSON, and without a line feed.
	rubbish := strings.Repeat("\xff\x00", 100<<10)
	go io.WriteString(conn, `{"jsonrpc": "2.0", "id": 1, "method": "console"}`+"\nshow\r"+rubbish+"\rexit\r")
	got, err := io.ReadAll(conn)
	if want := fmt.Sprintf("%s\n0 by 0\r\n%q\r\n%q\r\n", `{"jsonrpc":"2.0","id":1,"result":true}`, "show\r", rubbish+"\r"); err != nil || string(got) != want {
		t.Errorf("%v, %.200q, want %.200q", err, got, want)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{`{"columns": 9999}`, `{"rows": -1}`, `[]`} {
		if failed := (&conversation{control: c}).teletype(request{ID: []byte("1"), Params: []byte(wrong)}, nil, nil); failed == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
	console := func() (*Client, *bufio.Reader) {
		t.Helper()
		client, err := Connect(dir)
		if err != nil {
			t.Fatal(err)
		}
		screen, _, err := client.Console(100, 30)
		if err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(screen)
		if line, err := in.ReadString('\n'); err != nil || line != "100 by 30\r\n" {
			t.Fatalf("%q, %v", line, err)
		}
		return client, in
	}
	client, _ = console()
	client.Close()
	if err := <-ended; err != io.EOF {
		t.Errorf("where the client goes: %v", err)
	}
	client, in := console()
	c.Close()
	if err := <-ended; err != io.EOF {
		t.Errorf("where the agent ends: %v", err)
	}
	if _, err := in.ReadByte(); err == nil {
		t.Error("the terminal outlives the agent")
	}
	client.Close()
	if _, err := Connect(dir); cause.Of(err) != cause.AgentUnreachable {
		t.Error(err)
	}
}
