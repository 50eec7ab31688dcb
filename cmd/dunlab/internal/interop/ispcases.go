package interop

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/guest"
)

// ispCases dial an ISP's pppd over the emulated line.
var ispCases = []Case{
	ispCase("pap", "pppd asks for PAP", guest.AuthPAP, device.Table{"auth": []string{"pap"}}, want{auth: "pap", encryption: "none"}),
	ispCase("chap", "pppd asks for CHAP with MD5", guest.AuthCHAP, device.Table{"auth": []string{"chap", "pap"}}, want{auth: "chap", encryption: "none"}),
	ispCase("ms-chap-v2", "pppd asks for MS-CHAPv2", guest.AuthMSCHAPv2, nil, want{auth: "ms-chap-v2", encryption: "none"}),
	ispCase("ms-chap-v2-mppe", "MS-CHAPv2 and MPPE on the modem line", guest.AuthMSCHAPMPPE,
		device.Table{"encryption": "require"}, want{auth: "ms-chap-v2", encryption: "mppe-128-stateless"}),
	ispCase("accm-none", "pppd wants no control character escaped", guest.ACCMNone, nil, want{auth: "pap"}),
	ispCase("accm-all", "pppd wants every control character escaped", guest.ACCMAll, nil, want{auth: "pap"}),
	ispCase("no-acfc-pfc", "pppd refuses to compress address, control and protocol", guest.NoCompression, nil, want{auth: "pap"}),
	{Name: "isp/wrong-password", About: "pppd refuses the password: 691, at once", Needs: []string{"/usr/bin/socat"}, Run: ispWrongPassword},
	{Name: "isp/ipv6", About: "IPV6CP with a pppd whose kernel has IPv6", Needs: []string{"/usr/bin/socat"}, Run: ispIPv6},
}

// want is what "dun status" has to show; empty fields are not looked at.
type want struct {
	auth, encryption string
	dns              netip.Addr
}

func (w want) check(c device.Connection) error {
	if w.auth != "" && c.Auth != w.auth {
		return fmt.Errorf("status shows the log-in %q, not %q", c.Auth, w.auth)
	}
	if w.encryption != "" && c.Encryption != w.encryption {
		return fmt.Errorf("status shows the encryption %q, not %q", c.Encryption, w.encryption)
	}
	if w.dns.IsValid() && !slices.Contains(c.DNS, w.dns.String()) {
		return fmt.Errorf("status shows the name servers %v without %v", c.DNS, w.dns)
	}
	return nil
}

func ispCase(name, about string, options []string, entry device.Table, w want) Case {
	return Case{Name: "isp/" + name, About: about, Needs: []string{"/usr/bin/socat"},
		Run: func(ctx context.Context, e *Env) error {
			d, err := e.ispDevice(ctx, isp(options), with(ispTable(), entry), alicePassword)
			if err != nil {
				return err
			}
			w.dns = ispDNS
			return e.session(ctx, d, ispEntry, w, ispBehind.Addr(), modemSize)
		}}
}

// ispDevice boots the ISP and makes a device with a modem that can call it.
func (e *Env) ispDevice(ctx context.Context, s guest.Spec, entry device.Table, password string) (*bench, error) {
	if _, err := e.boot(ctx, s); err != nil {
		return nil, err
	}
	port, err := e.telephone()
	if err != nil {
		return nil, err
	}
	c := withModem(config(map[string]device.Table{ispEntry: entry}), port)
	c.Secrets[ispEntry] = password
	return e.device(wan, deviceWAN, c)
}

// session is a good connection from dialing to hanging up: status, traffic
// to host, and nothing left behind.
func (e *Env) session(ctx context.Context, d *bench, entry string, w want, host netip.Addr, size int64) error {
	r, err := d.Dial(ctx, entry)
	if err != nil {
		return err
	}
	e.note("up in %.2fs", r.Up(entry).Seconds())
	s, err := d.Status(ctx)
	if err != nil {
		return err
	}
	c, err := s.Find(entry)
	if err != nil {
		return err
	}
	if err := w.check(c); err != nil {
		return err
	}
	if err := e.good(ctx, d, host, size); err != nil {
		return err
	}
	if _, err := d.Status(ctx); err != nil { // the counters, for the log
		return err
	}
	if err := d.HangUp(ctx, r, entry); err != nil {
		return err
	}
	return d.clean()
}

// atOnce is what a refused password may take, dialing included.
const atOnce = 5 * time.Second

func ispWrongPassword(ctx context.Context, e *Env) error {
	d, err := e.ispDevice(ctx, isp(guest.AuthCHAP), ispTable(), "wrong")
	if err != nil {
		return err
	}
	return e.refused(ctx, d, ispEntry)
}

// refused dials with a password that the peer refuses.
func (e *Env) refused(ctx context.Context, d *bench, entry string) error {
	begin := time.Now()
	f, err := d.fails(ctx, entry, 691, 19, "auth-failed")
	if err != nil {
		return err
	}
	took := time.Since(begin)
	e.note("RAS %d after %.2fs", f.RAS, took.Seconds())
	if took > atOnce {
		return fmt.Errorf("the refusal took %v", took)
	}
	return nil
}

func ispIPv6(ctx context.Context, e *Env) error {
	d, err := e.ispDevice(ctx, ispWithIPv6(), with(ispTable(), device.Table{"ipv6": "on"}), alicePassword)
	if err != nil {
		return err
	}
	r, err := d.Dial(ctx, ispEntry)
	if err != nil {
		return err
	}
	c, err := e.awaitIPv6(ctx, d)
	if err != nil {
		return err
	}
	e.note("our address %s", c.IPv6)
	if err := e.pings(ctx, d, guest.ISPLinkLocal.WithZone(c.Interface)); err != nil {
		return err
	}
	if err := e.good(ctx, d, ispBehind.Addr(), modemSize); err != nil {
		return err
	}
	if err := d.HangUp(ctx, r, ispEntry); err != nil {
		return err
	}
	return d.clean()
}

// awaitIPv6 waits until the connection has an IPv6 address: IPV6CP may take
// longer than IPCP.
func (e *Env) awaitIPv6(ctx context.Context, d *bench) (device.Connection, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		s, err := d.Status(ctx)
		if err != nil {
			return device.Connection{}, err
		}
		c, err := s.Find(ispEntry)
		if err != nil || c.IPv6 != "" {
			return c, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return c, fmt.Errorf("no IPv6 address: %w", ctx.Err())
		}
	}
}
