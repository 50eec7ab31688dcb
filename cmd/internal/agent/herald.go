package agent

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"dun/board/hooks"
	"dun/dialup"
	"dun/dialup/phonebook"
	"dun/dialup/ppp"
)

// The directories of the programs that are run when a network has come up, and
// when it has gone.
const (
	upDir   = "ip-up.d"
	downDir = "ip-down.d"
)

// lastHooks is how long the programs may take once dun ends.
const lastHooks = 10 * time.Second

// herald tells the machine's programs of one connection's network, as pppd's
// ip-up and ip-down do: by arguments and by the environment.
type herald struct {
	runner *hooks.Runner
	entry  string // in the log
	link   string // LINKNAME
	tty    string
	speed  int
	param  string // pppd's ipparam
	useDNS bool

	mu    sync.Mutex
	peer  string // who logged in to us
	up    bool
	key   string // what is told under one key is told in order
	since time.Time
	about dialup.Network
}

// networkIs tells of a network that has come up, or has other addresses now.
func (h *herald) networkIs(n dialup.Network, conn *dialup.Connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.up && n.Interface == h.about.Interface && n.Local == h.about.Local && n.Remote == h.about.Remote {
		return
	}
	h.goneLocked(conn)
	if !n.Local.IsValid() { // pppd's are of IPv4, too
		return
	}
	h.up, h.since, h.about = true, time.Now(), n
	h.key = h.entry
	if h.link == serverEntry { // a newer call may take the address of an older one
		h.key = serverEntry + "/" + n.Remote.String()
	}
	h.runner.Run(h.key, h.job(upDir))
}

// networkGone tells that the network is not to be used any more. It may be
// called again.
func (h *herald) networkGone(conn *dialup.Connection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.goneLocked(conn)
}

func (h *herald) goneLocked(conn *dialup.Connection) {
	if !h.up {
		return
	}
	h.up = false
	j := h.job(downDir)
	j.Undo = true
	var in, out uint64
	if conn != nil {
		if s, ok := conn.Status(); ok {
			in, out = s.Counters.BytesIn, s.Counters.BytesOut
		}
	}
	j.Env = append(j.Env,
		"CONNECT_TIME="+strconv.Itoa(int(time.Since(h.since).Seconds())),
		"BYTES_SENT="+strconv.FormatUint(out, 10), "BYTES_RCVD="+strconv.FormatUint(in, 10))
	h.runner.Run(h.key, j)
}

// job has what pppd tells, by pppd's names, and by those that Debian's
// /etc/ppp/ip-up makes of the arguments.
func (h *herald) job(dir string) hooks.Job {
	n, speed := h.about, strconv.Itoa(h.speed)
	j := hooks.Job{
		About: h.entry, Dir: dir,
		Args: []string{n.Interface, h.tty, speed, n.Local.String(), n.Remote.String(), h.param},
	}
	for i, name := range [...]string{"PPP_IFACE=", "PPP_TTY=", "PPP_SPEED=", "PPP_LOCAL=", "PPP_REMOTE=", "PPP_IPPARAM="} {
		j.Env = append(j.Env, name+j.Args[i])
	}
	j.Env = append(j.Env,
		"IFNAME="+n.Interface, "DEVICE="+h.tty, "SPEED="+speed, "IPLOCAL="+j.Args[3], "IPREMOTE="+j.Args[4], "LINKNAME="+h.link)
	if h.peer != "" {
		j.Env = append(j.Env, "PEERNAME="+h.peer)
	}
	given := func(name string, addrs []netip.Addr) {
		for i, addr := range addrs {
			if i < 2 && addr.IsValid() {
				j.Env = append(j.Env, name+strconv.Itoa(i+1)+"="+addr.String())
			}
		}
	}
	given("DNS", n.DNS)
	given("WINS", n.NBNS)
	if h.useDNS && len(n.DNS) > 0 {
		j.Env = append(j.Env, "USEPEERDNS=1")
	}
	return j
}

// follow acts on what a connection reports.
func (h *herald) follow(r dialup.Report, conn *dialup.Connection) {
	if h.runner == nil {
		return
	}
	if ev, is := r.Event.(ppp.Authenticated); is && ev.Peer {
		h.mu.Lock()
		h.peer = strings.ReplaceAll(ev.Name, "\x00", "")
		h.mu.Unlock()
	}
	switch {
	case r.Network != nil:
		h.networkIs(*r.Network, conn)
	case r.Phase == dialup.PhaseHangUp:
		h.networkGone(conn)
	}
}

// newHerald is the one of an entry's call; under the agent's mu.
func newHerald(a *Agent, e phonebook.Entry) *herald {
	h := &herald{runner: a.hooks, entry: e.Name, link: e.Name, tty: "pptp", param: e.Name, useDNS: e.DNSPeer}
	if e.Device == phonebook.DeviceModem {
		m := a.cfg.Modems[e.Modem]
		h.tty, h.speed = m.Port, m.Speed
	}
	return h
}
