package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"

	"dun/cmd/dunlab/internal/device"
)

// Dun is "dun serve" at B and "dun dial" at A.
func Dun(e Encryption) Kind {
	return Kind{"dun-" + e.String(), func(ctx context.Context, p *Pair) (Tunnel, error) { return startDun(ctx, p, e, usualKeepalive) }}
}

type dunTunnel struct {
	a              *device.Device
	client, server *device.Running
}

// The caller.
const (
	user     = "field7"
	password = "correct horse"
	entry    = "office"
)

// modes are the words of server.toml and phonebook.toml.
func (e Encryption) settings() (encryption string, mppe []string) {
	if e == None {
		return "deny", nil
	}
	return "require", []string{"128-" + e.String()}
}

// usualKeepalive is dun's default.
const usualKeepalive = "20s"

func startDun(ctx context.Context, p *Pair, e Encryption, keepalive string) (Tunnel, error) {
	encryption, mppe := e.settings()
	serve := device.Table{
		"listen": []string{outerB.String()}, "local": innerB.String(), "pool": []string{innerA.String()},
		"auth": []string{"ms-chap-v2"}, "encryption": encryption, "mtu": tunnelMTU, "mru": tunnelMTU, "keepalive": keepalive,
	}
	call := device.Table{
		"device": "vpn", "protocol": "pptp", "host": outerB.String(), "user": user,
		"auth": []string{"ms-chap-v2"}, "encryption": encryption, "mtu": tunnelMTU, "mru": tunnelMTU, "keepalive": keepalive,
	}
	if mppe != nil {
		serve["mppe"], call["mppe"] = mppe, mppe
	}
	b, err := p.device("b", device.Config{Server: serve, Users: map[string]device.Table{user: {"password": password}}})
	if err != nil {
		return nil, err
	}
	a, err := p.device("a", device.Config{Entries: map[string]device.Table{entry: call}, Secrets: map[string]string{entry: password}})
	if err != nil {
		return nil, err
	}
	t := &dunTunnel{a: a}
	if t.server, err = b.Serve(ctx); err != nil {
		return nil, err
	}
	if t.client, err = a.Dial(ctx, entry); err != nil {
		return nil, errors.Join(err, t.server.Interrupt(ctx))
	}
	return t, nil
}

// device is a host of the pair with dun's files.
func (p *Pair) device(name string, c device.Config) (*device.Device, error) {
	dir := filepath.Join(p.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	h := p.A
	if name == "b" {
		h = p.B
	}
	d := device.New(h, p.dun, dir)
	d.Quiet = true
	return d, d.Configure(c)
}

func (t *dunTunnel) Addresses() (a, b netip.Addr) { return innerA, innerB }
func (t *dunTunnel) PIDs() []int                  { return []int{t.client.PID(), t.server.PID()} }
func (t *dunTunnel) Stop(ctx context.Context) error {
	return errors.Join(t.client.Interrupt(ctx), t.server.Interrupt(ctx))
}

// Status is what the calling dun says of itself, as one line of JSON.
func (t *dunTunnel) Status(ctx context.Context) (string, error) {
	b, err := t.a.RawStatus(ctx)
	var line bytes.Buffer
	if err == nil {
		err = json.Compact(&line, b)
	}
	return line.String(), err
}
