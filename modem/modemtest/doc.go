// Package modemtest is a telephone network on one machine: Hayes modems on
// ptys, and the exchange that connects their calls. Tests, the demonstration
// and the runs against real peers dial through it.
//
//	x := modemtest.NewExchange()
//	x.Set("5550100", modemtest.Number{Party: modemtest.Echo(),
//		Line: modemtest.Line{Speed: 33600}})
//	x.Set("5550101", modemtest.Number{Party: modemtest.Busy})
//	m, err := modemtest.New(x, modemtest.Config{})
//	... open m.Path() as a serial port ...
//	m.Close()
//	x.Close()
//
// A pty has no modem control lines. So the modem takes the closing of its port
// for a fall of DTR, and tells of a lost carrier by NO CARRIER only.
//
// Time is real time; within testing/synctest a modem over a net.Pipe runs in
// virtual time.
package modemtest
