package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/term"

	"dun/cmd/internal/agent"
	"dun/dialup/cause"
	"dun/dialup/pcapng"
)

func captureCommand() *command {
	var snap string
	return &command{
		name: "capture", args: "ENTRY FILE", min: 2, max: 2,
		short: "write what passes a connection into a file for Wireshark",
		long: `capture writes the PPP frames of an entry's connection, data after decryption,
into FILE in Wireshark's format pcapng, and beside them the GRE packets and the
control connection of a tunnel and the dialogue with a modem. FILE may be "-".
Passwords of PAP and AT commands are left out; what the user sends is in it.

An entry that is not connected is waited for. It ends with the connection,
unless the agent dials it again, and on SIGINT, SIGTERM and SIGHUP.`,
		flags: func(flags *flagSet) {
			flags.StringVar(&snap, "snaplen", "0", "write so many `octets` of each packet, 0 is all")
		},
		run: func(c *call, args []string) error {
			n, err := strconv.Atoi(snap)
			if err != nil {
				return usageError(fmt.Errorf("--snaplen: %q is no number", snap))
			}
			return capture(c, args[0], args[1], n)
		},
	}
}

func capture(c *call, entry, name string, snap int) error {
	if name == "-" && term.IsTerminal(int(os.Stdout.Fd())) {
		return usageError(errors.New("a capture is nothing for a terminal; name a file, or a pipe behind \"-\""))
	}
	client, err := agent.Connect(runtimeDir(c.options))
	if err != nil {
		return err
	}
	defer client.Close()
	stream, stop, err := client.Capture(entry, snap)
	if err != nil {
		return err
	}
	out := c.out
	if name != "-" {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return cause.Wrap(cause.FileFault, err, "")
		}
		defer f.Close()
		out = f
	}
	ctx, end := untilSignal(c.ctx, func() { os.Exit(exitCode(cause.UserRequest)) })
	defer end()
	defer context.AfterFunc(ctx, stop)()
	fmt.Fprintf(c.errOut, "dun: capturing %s\n", entry)
	packets, dropped, err := copyBlocks(out, stream)
	fmt.Fprintf(c.errOut, "dun: %d packets, %d lost because the file was too slow; passwords are left out\n", packets, dropped)
	return err
}

// copyBlocks copies a capture, whole blocks only, so that the file is good
// however the stream ends.
func copyBlocks(to io.Writer, from *bufio.Reader) (packets, dropped uint64, err error) {
	const most = 64 << 10 // that wait to be written together
	var block, blocks []byte
	for {
		if block, err = pcapng.ReadBlock(from, block); err == nil {
			if pcapng.Kind(block) == pcapng.BlockPacket {
				packets++
			}
			dropped += pcapng.Dropped(block)
			if blocks = append(blocks, block...); len(blocks) < most && from.Buffered() > 0 {
				continue
			}
		}
		if _, failed := to.Write(blocks); failed != nil {
			return packets, dropped, writeError(failed)
		}
		switch blocks = blocks[:0]; err {
		case nil:
		case io.EOF:
			return packets, dropped, nil
		default:
			return packets, dropped, cause.Wrap(cause.AgentUnreachable, err, "")
		}
	}
}

// writeError is why the capture could not be written; a reader of the pipe
// that has seen enough is no failure.
func writeError(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return cause.Wrap(cause.FileFault, err, "")
}
