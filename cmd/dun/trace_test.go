package main

import (
	"testing"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/netnstest"
	"dun/cmd/internal/agenttest"
)

// TestTrace: packets of a dun that was started without --debug, to several
// readers, before, during and after a call.
func TestTrace(t *testing.T) {
	t.Parallel()
	netnstest.Run(t, func(t *testing.T) {
		w := newWorld(t, false)
		w.serve()
		a := w.device.start("agent")
		agenttest.Eventually(t, func() error {
			if p := w.device.run("status"); p.wait() != 0 {
				return errText("no agent yet: %s", p.stderr())
			}
			return nil
		})
		lcp, all := w.device.start("trace", "office", "lcp", "chap"), w.device.start("--json", "trace", "office")
		server := w.office.start("trace", "server", "pptp", "ccp")
		for _, p := range []*program{lcp, all, server} {
			p.says("tracing ")
		}
		w.device.run("dial", "--leave", "office").exits(0)
		w.device.run("hangup", "office").exits(0)
		lcp.says("office     down ")
		all.says(`"packet":"sent [PPTP Stop-Control-Connection-Request`)
		server.says("rcvd [PPTP Stop-Control-Connection-Request")
		server.says("call 1     down ")
		mustContain(t, lcp.stdout(), "office     sent [LCP ConfReq id=0x1 <", "office     rcvd [CHAP Challenge ", "rcvd [LCP TermAck ", "office     up ")
		mustNotContain(t, lcp.stdout(), "[PPTP", "[CCP", "[IPCP", "second")
		mustContain(t, all.stdout(), `"packet":"sent [CCP ConfReq `, `"packet":"rcvd [IPCP ConfNak `, `"phase":"up"`)
		mustContain(t, server.stdout(), "server     rcvd [PPTP Outgoing-Call-Request ", "call 1     sent [CCP Conf")
		mustNotContain(t, server.stdout(), "[LCP")
		mustNotContain(t, a.stdout(), "[LCP")
		for _, p := range []*program{lcp, all} {
			p.signal(unix.SIGINT)
			p.exits(0)
			mustNotContain(t, p.stdout(), officePassword)
		}
		mustContain(t, w.device.run("trace", "nobody").exits(2).stderr(), "no-entry")
		mustContain(t, w.device.run("trace", "office", "x25").exits(2).stderr(), "usage", "lcp pap chap")
		// A reader sees the agent's end.
		last := w.device.start("trace", "office")
		last.says("tracing ")
		a.signal(unix.SIGTERM)
		a.exits(5)
		last.wait()
		mustContain(t, last.stderr(), "agent-unreachable")
	})
}
