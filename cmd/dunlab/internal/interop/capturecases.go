package interop

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"dun/cmd/dunlab/internal/device"
)

// captureCases have what dun writes read by somebody else.
var captureCases = []Case{
	{Name: "capture/tshark", About: "Wireshark names LCP, CHAP, CCP, IPCP and the packets inside, both ways, in a capture of the chain",
		Needs: []string{"/usr/bin/socat", "/usr/sbin/pptpd", "tshark"}, Run: captureRead},
}

// Directions as Wireshark has them.
const (
	wayOut = "0"
	wayIn  = "1"
)

// pptpMessage is a message of the control connection as an exported PDU: its
// dissector, which is found by the port, is not in the list of protocols.
const pptpMessage = "exported_pdu:pptp"

func captureRead(ctx context.Context, e *Env) error {
	d, err := e.chainDevice(ctx)
	if err != nil {
		return err
	}
	agent, err := d.Agent()
	if err != nil {
		return err
	}
	entries := []string{ispEntry, officeEntry}
	var captures []*device.Running
	var files []string
	for _, entry := range entries {
		r, file, err := d.Capture(ctx, entry)
		if err != nil {
			return err
		}
		captures, files = append(captures, r), append(files, file)
	}
	if err := d.DialAndLeave(ctx, officeEntry); err != nil {
		return err
	}
	if err := e.pings(ctx, d, officeBehind.Addr()); err != nil {
		return err
	}
	if err := d.HangUpLeft(ctx, officeEntry); err != nil {
		return err
	}
	for i, r := range captures { // each ends with its connection
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		f, err := r.Wait(ctx)
		cancel()
		if err != nil || f != nil {
			return fmt.Errorf("the capture of %s ended with %v, %v", entries[i], f, err)
		}
	}
	control := []string{"ppp:lcp", "ppp:ipcp"}
	wanted := []map[string][]string{
		{"isp ppp": append(control, "ppp:chap", "ppp:ip:tcp:pptp", "ppp:ip:gre:ppp"), "isp at": {"exported_pdu:at"}},
		{"office ppp": append(control, "ppp:chap", "ppp:ccp", "ppp:ip:icmp"), "office gre": {"ip:gre:ppp"}, "office pptp": {pptpMessage}},
	}
	var errs []error
	for i, file := range files {
		errs = append(errs, e.dissected(ctx, file, wanted[i]))
	}
	return errors.Join(append(errs, agent.Interrupt(ctx), d.clean())...)
}

// dissected wants tshark to name protocols on the interfaces of a file, sent and
// received, and nothing malformed.
func (e *Env) dissected(ctx context.Context, file string, wanted map[string][]string) error {
	out, err := exec.CommandContext(ctx, "tshark", "-r", file, "-T", "fields", "-E", "separator=|",
		"-e", "frame.interface_name", "-e", "frame.p2p_dir", "-e", "frame.protocols", "-e", "pptp.control_message_type").Output()
	if err != nil {
		return fmt.Errorf("tshark -r %s: %w", file, err)
	}
	seen := make(map[string]int)
	frames := 0
	for line := range strings.Lines(string(out)) {
		frames++
		face, rest, _ := strings.Cut(strings.TrimSpace(line), "|")
		way, rest, _ := strings.Cut(rest, "|")
		protocols, message, _ := strings.Cut(rest, "|")
		if message != "" && protocols == "exported_pdu" {
			protocols = pptpMessage
		}
		for _, p := range wanted[face] {
			if protocols == p || strings.HasPrefix(protocols, p+":") {
				seen[face+"|"+way+"|"+p]++
			}
		}
		if strings.Contains(protocols, "malformed") {
			err = errors.Join(err, fmt.Errorf("%s: %s", file, line))
		}
	}
	for face, protocols := range wanted {
		for _, p := range protocols {
			for _, way := range []string{wayOut, wayIn} {
				if seen[face+"|"+way+"|"+p] == 0 {
					err = errors.Join(err, fmt.Errorf("%s: no %s on %q in direction %s", file, p, face, way))
				}
			}
		}
	}
	e.note("%d frames", frames)
	return err
}
