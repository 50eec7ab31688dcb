// Package netnstest runs tests in a network of their own: as root or as an
// ordinary user, without any command of the system.
//
//	func TestMain(m *testing.M) { os.Exit(netnstest.Main(m)) }
//
// runs a whole test binary in new user, network and mount namespaces, and
//
//	func TestX(t *testing.T) {
//		netnstest.Run(t, func(t *testing.T) {
//			office := netnstest.NewNS(t)
//			netnstest.Veth(t, netnstest.End{Name: "eth0", Addr: "192.0.2.2/24"},
//				netnstest.End{NS: office, Name: "eth0", Addr: "192.0.2.1/24"})
//			office.Do(t, func() { ... sockets opened here belong to office ... })
//		})
//	}
//
// runs one test in fresh ones, by starting the test binary once more for it.
// Both may be used together. Inside, the process is root over its
// namespaces, the loopback interface is up, and mounts are not seen outside.
// Where the system forbids such namespaces the test fails and says why; it is
// never skipped.
package netnstest
