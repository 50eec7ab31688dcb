package hooks

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
	"unicode"
)

const (
	searchPath = "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
	// lastWords is what a program has between being told to end and being
	// killed, and what its output has once it has ended: a child in the
	// background may hold that open for ever.
	lastWords = 2 * time.Second
	tail      = 200 * time.Millisecond
	maxLines  = 20  // of a program's output
	maxText   = 200 // octets of a line
)

// run runs one program in a process group of its own and tells how it went.
func (r *Runner) run(j Job, name, file string) {
	tell := func(text string) { r.cfg.Tell(j.About, j.Dir+"/"+name+text) }
	out, in, err := os.Pipe()
	if err != nil {
		tell(": " + err.Error())
		return
	}
	cmd := exec.Command(file, j.Args...)
	cmd.Env = append([]string{searchPath}, j.Env...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = in, in // files: Wait waits for the program alone
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	in.Close()
	if err != nil {
		out.Close()
		tell(" does not start: " + err.Error())
		return
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		listen(out, func(line string) { tell(": " + line) })
	}()
	ctx, cancel := r.limit(r.ctx, r.cfg.Limit)
	defer cancel()
	late, err := wait(ctx, cmd)
	out.SetReadDeadline(time.Now().Add(tail))
	<-told
	out.Close()
	switch {
	case late && r.ctx.Err() != nil:
		tell(" was killed: dun is ending")
	case late:
		tell(" was killed: it ran longer than " + r.cfg.Limit.String())
	case err != nil:
		tell(" failed: " + err.Error())
	}
}

// wait waits for the program's end, or ends its process group when ctx does.
func wait(ctx context.Context, cmd *exec.Cmd) (late bool, err error) {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
		return false, err
	case <-ctx.Done():
	}
	group := -cmd.Process.Pid
	syscall.Kill(group, syscall.SIGTERM)
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case err = <-ended:
	case <-t.C:
		defer func() { err = <-ended }()
	}
	syscall.Kill(group, syscall.SIGKILL) // and what it has left behind
	return true, err
}

// listen tells the lines of a program's output, with a bound, and reads the
// rest so that the program can go on.
func listen(out *os.File, tell func(line string)) {
	var b [512]byte
	var line []byte
	lines := 0
	end := func() {
		if line = bytes.TrimRight(line, " \t\r"); len(line) > 0 {
			if lines++; lines <= maxLines {
				tell(string(bytes.Map(printable, line)))
			}
		}
		line = line[:0]
	}
	for {
		n, err := out.Read(b[:])
		for _, c := range b[:n] {
			switch {
			case c == '\n':
				end()
			case len(line) >= maxText: // the rest of it is lost
			default:
				line = append(line, c)
			}
		}
		if err != nil {
			end()
			if lines > maxLines {
				tell("(" + strconv.Itoa(lines-maxLines) + " more lines)")
			}
			return
		}
	}
}

// printable keeps a terminal that shows our log from being told things.
func printable(c rune) rune {
	if unicode.IsControl(c) {
		return ' '
	}
	return c
}
