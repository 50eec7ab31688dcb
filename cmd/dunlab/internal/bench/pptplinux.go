package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"dun/cmd/dunlab/internal/netns"
)

// Programs of the peers.
const (
	pppdProgram  = "/usr/sbin/pppd"
	pptpProgram  = "/usr/sbin/pptp"
	pptpdProgram = "/usr/sbin/pptpd"
)

// PptpLinux is pptpd at B and pptp-linux at A, each with pppd and the
// kernel's PPP and MPPE above it.
func PptpLinux(e Encryption) Kind {
	return Kind{"pptp-linux-" + e.String(), func(ctx context.Context, p *Pair) (Tunnel, error) { return startPptpLinux(ctx, p, e) }}
}

type pptpLinux struct{ client, server *netns.Process }

// pppdFiles are the peers' files in /etc, for all encryptions.
func pppdFiles() map[string]string {
	files := map[string]string{
		"ppp/chap-secrets": fmt.Sprintf("%s * %q *\n", user, password),
		"ppp/options":      "",
	}
	for _, e := range encryptions {
		options := "name server\nauth\nrequire-mschap-v2\nrefuse-pap\nrefuse-chap\nrefuse-mschap\nrefuse-eap\n" +
			"nobsdcomp\nnodeflate\nnovj\nnoipv6\nnodefaultroute\nnologfd\nmtu 1400\nmru 1400\n"
		for _, w := range e.pppdWords() {
			options += w + "\n"
		}
		files["ppp/pptpd-"+e.String()] = options
		files["pptpd-"+e.String()+".conf"] = fmt.Sprintf("ppp %s\noption /etc/ppp/pptpd-%v\nlocalip %v\nremoteip %v\n", pppdProgram, e, innerB, innerA)
	}
	return files
}

func (e Encryption) pppdWords() []string {
	switch e {
	case Stateless:
		return []string{"require-mppe-128"}
	case Stateful:
		return []string{"require-mppe-128", "mppe-stateful"}
	}
	return []string{"noccp"}
}

func startPptpLinux(ctx context.Context, p *Pair, e Encryption) (Tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	log := &safeBuffer{}
	server, err := p.B.Start([]string{pptpdProgram, "-f", "-c", "/etc/pptpd-" + e.String() + ".conf"}, nil, log, log)
	if err != nil {
		return nil, err
	}
	t := &pptpLinux{server: server}
	argv := append([]string{pppdProgram, "pty", fmt.Sprintf("%s %v --nolaunchpppd", pptpProgram, outerB), "name", user,
		"remotename", "server", "noauth", "refuse-eap", "nodetach", "nobsdcomp", "nodeflate", "novj", "noipv6", "nodefaultroute",
		"mtu", "1400", "mru", "1400"}, e.pppdWords()...)
	for {
		if t.client, err = p.A.Start(argv, nil, log, log); err != nil {
			return nil, errors.Join(err, t.Stop(ctx))
		}
		err = awaitTrue(ctx, func() bool {
			return ended(t.client) || p.A.HasAddress("ppp0", innerA) && p.B.HasAddress("ppp0", innerB)
		})
		if err != nil || !ended(t.client) {
			break
		}
		select { // pptpd may not listen yet
		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	if err == nil {
		err = errors.Join(p.A.PointToPoint("ppp0", netip.Addr{}, netip.Addr{}, tunnelMTU, tunnelQueue),
			p.B.PointToPoint("ppp0", netip.Addr{}, netip.Addr{}, tunnelMTU, tunnelQueue))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pptp-linux: %w: %s", err, netns.LastLines(log.String(), 6)), t.Stop(context.Background()))
	}
	return t, nil
}

func ended(p *netns.Process) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

func (t *pptpLinux) Addresses() (a, b netip.Addr) { return innerA, innerB }

// PIDs are none: part of the work is done by children of children and by
// the kernel, so that no sum would be the tunnel's.
func (t *pptpLinux) PIDs() []int { return nil }

func (t *pptpLinux) Stop(context.Context) error {
	var err error
	if t.client != nil {
		err = t.client.Stop(5 * time.Second)
	}
	return errors.Join(err, t.server.Stop(5*time.Second))
}

// safeBuffer takes what two processes print.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
