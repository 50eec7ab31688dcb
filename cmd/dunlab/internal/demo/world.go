package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"sync"
	"time"

	"dun/cmd/dunlab/internal/netns"
	"dun/cmd/dunlab/internal/traffic"
	"dun/modem/modemtest"
)

// world is the stage: four machines, their cables and a telephone line.
type world struct {
	device, isp, office, behind *netns.Host

	exchange             *modemtest.Exchange
	deviceModem, ispLine *modemtest.Modem

	stop    context.CancelFunc // of the server behind
	serving sync.WaitGroup
}

// newWorld builds the stage. On failure what there is of it is closed.
func newWorld() (w *world, err error) {
	w = &world{stop: func() {}, exchange: modemtest.NewExchange()}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.telephones(); err != nil {
		return nil, err
	}
	if err := w.machines(); err != nil {
		return nil, err
	}
	if err := w.cables(); err != nil {
		return nil, err
	}
	return w, w.serveBehind()
}

// telephones lays the line between the device's and the ISP's modem.
func (w *world) telephones() (err error) {
	if w.deviceModem, err = modemtest.New(w.exchange, modemtest.Config{Number: "5550199"}); err != nil {
		return err
	}
	if w.ispLine, err = modemtest.New(w.exchange, modemtest.Config{Number: ispNumber}); err != nil {
		return err
	}
	w.exchange.Set(ispNumber, modemtest.Number{
		Party: w.ispLine.Party(), Line: modemtest.Line{Speed: linePace}, Delay: 300 * time.Millisecond,
	})
	return nil
}

// machines makes the namespaces, with the files that their programs read.
func (w *world) machines() (err error) {
	files, secrets := deviceFiles(w.deviceModem.Path())
	if w.device, err = machine("device", files, secrets); err != nil {
		return err
	}
	if w.isp, err = machine("isp", nil, ""); err != nil {
		return err
	}
	files, secrets = officeFiles()
	if w.office, err = machine("office", files, secrets); err != nil {
		return err
	}
	w.behind, err = machine("behind", nil, "")
	return err
}

func machine(name string, files map[string]string, secrets string) (*netns.Host, error) {
	h, err := netns.New(name, netns.Options{Private: true, Files: files})
	if err != nil || secrets == "" {
		return h, err
	}
	err = h.Do(func() error { return os.WriteFile("/etc/dun/secrets.toml", []byte(secrets), 0o600) })
	if err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (w *world) cables() error {
	return errors.Join(
		netns.Cable(w.isp, "wan0", w.office, "wan0"),
		w.isp.Address("wan0", ispOutside),
		w.office.Address("wan0", officeOutside),
		netns.Cable(w.office, "lan0", w.behind, "lan0"),
		w.office.Address("lan0", officeLAN),
		w.behind.Address("lan0", behind),
		w.office.Route(ispCallers, ispOutside.Addr()),
	)
}

// serveBehind starts the server on the host behind the office.
func (w *world) serveBehind() error {
	var l net.Listener
	err := w.behind.Do(func() (err error) {
		l, err = net.Listen("tcp4", behindServer())
		return err
	})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop = stop
	w.serving.Go(func() { traffic.Serve(ctx, l, nil) })
	return nil
}

func behindServer() string {
	return net.JoinHostPort(behind.Addr().String(), strconv.Itoa(trafficPort))
}

// close takes everything away; programs that still run are killed.
func (w *world) close() {
	w.stop()
	w.serving.Wait()
	for _, h := range []*netns.Host{w.device, w.isp, w.office, w.behind} {
		if h != nil {
			h.Close()
		}
	}
	for _, m := range []*modemtest.Modem{w.deviceModem, w.ispLine} {
		if m != nil {
			m.Close()
		}
	}
	w.exchange.Close()
}

// check finds out what would make the programs fail in ways that are hard to
// understand.
func (w *world) check(dun string) error {
	return w.office.Do(func() error {
		if _, err := os.Stat(dun); err != nil {
			return fmt.Errorf("%w: the machines of the demonstration have an /etc and a /run of their own; build elsewhere", err)
		}
		// Root may write it in its own network namespace, unless somebody
		// made /proc/sys read-only for a container.
		f, err := os.OpenFile("/proc/sys/net/ipv4/conf/lan0/forwarding", os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("%w\n  the ISP and the office have to forward packets; this container forbids it: go on outside of it, or in a privileged one", err)
		}
		return f.Close()
	})
}

// onHook waits until both modems have hung up.
func (w *world) onHook(ctx context.Context) error {
	if err := w.deviceModem.Wait(ctx, modemtest.Command); err != nil {
		return fmt.Errorf("the device's modem did not hang up: it is %v", w.deviceModem.Mode())
	}
	if err := w.ispLine.Wait(ctx, modemtest.Command); err != nil {
		return fmt.Errorf("the ISP's modem did not hang up: it is %v", w.ispLine.Mode())
	}
	if n := w.exchange.Calls(); n != 0 {
		return fmt.Errorf("%d calls are still up in the exchange", n)
	}
	return nil
}

// dial opens a TCP connection from h.
func dial(ctx context.Context, h *netns.Host, addr string) (c net.Conn, err error) {
	err = h.Do(func() error {
		var d net.Dialer
		c, err = d.DialContext(ctx, "tcp4", addr)
		return err
	})
	return c, err
}

// ping pings addr from h; a lost one is an error.
func ping(ctx context.Context, h *netns.Host, addr netip.Addr, count int) (traffic.PingResult, error) {
	r, err := traffic.PingFrom(ctx, h, addr, traffic.PingOptions{
		Count: count, Interval: 200 * time.Millisecond, Wait: 3 * time.Second, Size: 56,
	})
	if err == nil && r.Lost() > 0 {
		err = fmt.Errorf("%d of %d pings of %v were lost", r.Lost(), r.Sent, addr)
	}
	return r, err
}
