package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"dun/cmd/dunlab/internal/device"
	"dun/cmd/dunlab/internal/load"
	"dun/cmd/dunlab/internal/netns"
)

// sizes are the numbers of tunnels on one server.
var sizes = []int{1, 10, 100}

// senders is how many tunnels carry traffic at most.
const senders = 10

// growth puts more and more tunnels on one "dun serve".
func growth(ctx context.Context, e *Env) (Report, error) {
	p := e.plan(Plan{Rounds: 3, Warm: time.Second, Measure: 2 * time.Second, Rate: 10000, Size: 64})
	g, err := newCrowd(e, p)
	if err != nil {
		return Report{}, err
	}
	defer g.close()
	rep := Report{Settings: fmt.Sprintf("Each caller is a host of its own on one bridge, stateless. UDP: %d octets, %d packets/s in all, over at most %d of the tunnels, counted is the time of the server's process; connect time is that of the last half of the callers.", p.Size, p.Rate, senders)}
	states := map[int]crowdState{}
	for _, n := range sizes {
		s, err := g.grow(ctx, n)
		if err != nil {
			return rep, fmt.Errorf("%d tunnels: %w", n, err)
		}
		states[n] = s
		fmt.Fprintf(e.Out, "%3d tunnels: anonymous %.0f KiB, connect %.0f ms, %v us/packet\n", n, s.memory, Median(s.connect), s.packet)
	}
	for _, n := range sizes {
		s := states[n]
		name := fmt.Sprintf("%d tunnels", n)
		rep.Rows = append(rep.Rows,
			NewFigure(name+": anonymous memory of the server", "KiB", Aim{}, s.memory),
			NewFigure(name+": connect time", "ms", Aim{}, s.connect...),
			NewFigure(name+": CPU time of the server for a packet", "us", Aim{}, s.packet...))
	}
	first, last := states[sizes[0]], states[sizes[len(sizes)-1]]
	rep.Rows = append(rep.Rows, NewFigure("memory of the server for each more tunnel", "KiB", Aim{}, (last.memory-first.memory)/float64(sizes[len(sizes)-1]-sizes[0])),
		NewRow("CPU time of the server for a packet, 100 tunnels / 1", "us", Aim{}, "100", numbered(last.packet), "1", numbered(first.packet)))
	return rep, nil
}

func numbered(values []float64) map[int]float64 {
	m := map[int]float64{}
	for i, v := range values {
		m[i+1] = v
	}
	return m
}

// crowd is a server and its callers, on one bridge.
type crowd struct {
	Plan
	env     *Env
	hub     *netns.Host
	server  *device.Device
	serving *device.Running
	callers []*netns.Host
	calls   []*device.Running
	hosts   []*netns.Host // all of them
}

// crowdState is what a number of tunnels costs.
type crowdState struct {
	memory  float64   // KiB
	connect []float64 // ms
	packet  []float64 // us
}

var (
	crowdNet    = netip.MustParsePrefix("10.77.0.0/16")
	crowdServer = netip.MustParseAddr("10.77.255.1")
	crowdInside = netip.MustParseAddr("10.78.255.1")
)

func newCrowd(e *Env, p Plan) (g *crowd, err error) {
	g = &crowd{Plan: p, env: e}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if g.hub, err = g.host("hub", false); err != nil {
		return nil, err
	}
	if err := g.hub.Bridge("br0"); err != nil {
		return nil, err
	}
	users := map[string]device.Table{}
	for i := range sizes[len(sizes)-1] {
		users[fmt.Sprintf("%s-%d", user, i)] = device.Table{"password": password}
	}
	if g.server, err = g.device("server", crowdServer, device.Config{Users: users, Server: device.Table{
		"listen": []string{crowdServer.String()}, "local": crowdInside.String(), "pool": []string{"10.78.0.1-10.78.0.200"},
		"auth": []string{"ms-chap-v2"}, "encryption": "require", "mppe": []string{"128-stateless"},
		"max-calls": 200, "mtu": tunnelMTU, "mru": tunnelMTU,
	}}); err != nil {
		return nil, err
	}
	return g, nil
}

func (g *crowd) host(name string, private bool) (*netns.Host, error) {
	h, err := netns.New(name, netns.Options{Private: private})
	if err == nil {
		g.hosts = append(g.hosts, h)
		h.Sysctl("net/ipv6/conf/all/disable_ipv6", "1") // where there is any
	}
	return h, err
}

func (g *crowd) device(name string, addr netip.Addr, c device.Config) (*device.Device, error) {
	h, err := g.host(name, true)
	if err != nil {
		return nil, err
	}
	port := "p-" + name
	if err := errors.Join(netns.Cable(g.hub, port, h, "eth0"), g.hub.Join(port, "br0"), h.Address("eth0", netip.PrefixFrom(addr, crowdNet.Bits()))); err != nil {
		return nil, err
	}
	dir := filepath.Join(g.env.Dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	d := device.New(h, g.env.Dun, dir)
	d.Quiet = true
	return d, d.Configure(c)
}

// grow adds callers until there are n, and measures.
func (g *crowd) grow(ctx context.Context, n int) (s crowdState, err error) {
	if g.serving == nil {
		if g.serving, err = g.server.Serve(ctx); err != nil {
			return s, err
		}
	}
	for i := len(g.calls); i < n; i++ {
		up, err := g.call(ctx, i)
		if err != nil {
			return s, fmt.Errorf("caller %d: %w", i+1, err)
		}
		if i >= n/2 {
			s.connect = append(s.connect, float64(up)/float64(time.Millisecond))
		}
	}
	if err := sleep(ctx, g.Warm); err != nil {
		return s, err
	}
	for range g.Rounds {
		us, err := g.packets(ctx, min(n, senders))
		if err != nil {
			return s, err
		}
		s.packet = append(s.packet, us)
	}
	s.memory, err = anonymous(g.serving.PID())
	return s, err
}

// call adds a caller and gives the time that its call took to come up.
func (g *crowd) call(ctx context.Context, i int) (time.Duration, error) {
	name := "c" + strconv.Itoa(i)
	d, err := g.device(name, netip.AddrFrom4([4]byte{10, 77, byte(i / 200), byte(i%200 + 1)}), device.Config{
		Entries: map[string]device.Table{entry: {
			"device": "vpn", "protocol": "pptp", "host": crowdServer.String(), "user": fmt.Sprintf("%s-%d", user, i),
			"auth": []string{"ms-chap-v2"}, "encryption": "require", "mppe": []string{"128-stateless"}, "mtu": tunnelMTU, "mru": tunnelMTU,
		}},
		Secrets: map[string]string{entry: password},
	})
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, setUp)
	defer cancel()
	r, err := d.Dial(ctx, entry)
	if err != nil {
		return 0, err
	}
	g.callers, g.calls = append(g.callers, d.Host), append(g.calls, r)
	return r.Up(entry), nil
}

// packets sends small packets over some of the tunnels and gives the
// server's processor time for each that arrived, in microseconds.
func (g *crowd) packets(ctx context.Context, tunnels int) (float64, error) {
	var r running
	defer r.stop()
	at := netip.AddrPortFrom(crowdInside, loadPort).String()
	sink, err := r.start(ctx, g.server.Host, "paced-sink", at)
	if err != nil {
		return 0, err
	}
	var paces []*load.Process
	for _, h := range g.callers[:tunnels] {
		p, err := r.start(ctx, h, "pace", at, strconv.Itoa(g.Rate/tunnels), strconv.Itoa(g.Size))
		if err != nil {
			return 0, err
		}
		paces = append(paces, p)
	}
	s := &session{Plan: g.Plan, tunnel: process(g.serving.PID())}
	m, err := s.between(ctx, nil, func(m *Sample) {
		m.Packets = sink.Value()
		for _, p := range paces {
			m.Sent += p.Value()
		}
	})
	if err == nil && m.Packets == 0 {
		err = errors.New("nothing arrived")
	}
	return m.EndsPerPacket(), err
}

func (g *crowd) close() {
	for _, r := range g.calls {
		r.Signal(unix.SIGTERM)
	}
	for i := len(g.hosts) - 1; i >= 0; i-- {
		g.hosts[i].Close()
	}
}

// process is a Tunnel that is only looked at.
type process int

func (p process) Addresses() (a, b netip.Addr)   { return }
func (p process) PIDs() []int                    { return []int{int(p)} }
func (p process) Stop(ctx context.Context) error { return nil }
