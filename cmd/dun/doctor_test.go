package main

import (
	"testing"

	"dun/board/netcfg/netnstest"
)

// TestDoctor: the way to a server, whole and broken, also beside a connection.
func TestDoctor(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		mustContain(t, w.device.run("doctor", "office").exits(1).stdout(), "fail  tcp 1723", "PPTP is not running there")
		w.serve()
		for i := range 2 {
			out := w.device.run("doctor", "office").exits(0).stdout()
			mustContain(t, out, "ok    tun", "  fast path ", "policy batch", "ok    name", "203.0.113.10 is 203.0.113.10",
				"ok    route          203.0.113.10 is reached by ", "ok    tcp 1723", "ok    gre")
			if i == 0 {
				w.up("office")
			}
		}
		p := w.device.run("--json", "doctor", "nothing").exits(2)
		mustContain(t, p.stdout(), `{"name":"tun","result":"ok"`, `{"error":{"cause":"no-entry"`)
		mustNotContain(t, p.stdout(), officePassword)
	})
}

// TestDoctorModem: the modem of an entry answers, or not.
func TestDoctorModem(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, true)
		mustContain(t, w.device.run("doctor", "isp").exits(0).stdout(), "ok    modem", "A modem answers on /dev/pts/")
		mustContain(t, w.device.run("modem", "probe", "line1").exits(0).stdout(), "a modem answers on /dev/pts/", "ATI3")
		mustContain(t, w.device.run("modem", "at", "line1", "ATI3").exits(0).stdout(), "dunlab modem")
		out := w.device.run("doctor", "office").exits(0)
		mustContain(t, out.stdout(), "ok    modem", "warn  via            office runs over isp", "warn  name")
		if out.stderr() != "" {
			t.Errorf("and said %q", out.stderr())
		}
	})
}
