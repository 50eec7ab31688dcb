package agenttest

import (
	"net/netip"
	"testing"
	"time"

	"dun/modem"
	"dun/modem/at"
	"dun/modem/modemtest"
)

// Number is the ISP's.
const Number = "5550100"

// Line is a telephone line between two modems.
type Line struct {
	Exchange *modemtest.Exchange
	Near     *modemtest.Modem // the device's
	Far      *modemtest.Modem // the ISP's
}

// NewLine makes one on which nothing takes long.
func NewLine(t testing.TB) *Line {
	t.Helper()
	l := &Line{Exchange: modemtest.NewExchange()}
	t.Cleanup(l.Exchange.Close)
	var err error
	cfg := modemtest.Config{NoGuard: true, RingInterval: 10 * time.Millisecond}
	if l.Near, err = modemtest.New(l.Exchange, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Near.Close)
	if l.Far, err = modemtest.New(l.Exchange, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Far.Close)
	l.Exchange.Set(Number, modemtest.Number{Party: l.Far.Party()})
	return l
}

// Modem is the Config that drives a modem of a Line.
func Modem(t testing.TB, m *modemtest.Modem) modem.Config {
	return modem.Config{
		Port:    m.Path(),
		LockDir: t.TempDir(),
		Profile: at.Profile{
			// An answer that is late on a busy machine is no failure.
			SyncTimeout: 2 * time.Second, CommandTimeout: Patience, DialTimeout: Patience,
			Guard: time.Millisecond, CommandDelay: -1,
		},
	}
}

// DeviceTOML is the same as device.toml has it, with that as the resolver file.
func DeviceTOML(m *modemtest.Modem, lockDir, resolv string) string {
	return `[modem.line1]
port = "` + m.Path() + `"
lock-dir = "` + lockDir + `"
sync-timeout = "2s"
guard-time = "20ms"
command-delay = 0
[resolver]
file = "` + resolv + `"
`
}

var (
	// ISPLocal and ISPCaller are the ends of the ISP's calls.
	ISPLocal  = netip.MustParseAddr("198.51.100.1")
	ISPCaller = netip.MustParseAddr("198.51.100.7")
)
