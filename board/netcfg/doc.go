// Package netcfg keeps the host's network state as the connections want it:
// addresses, routes, pinned servers, the resolver, forwarding. It is desired
// state: Set may be called again with the same or another State, Clear takes
// back what Set did, and after a crash the next Open takes back what the dead
// process left. What others put there is never replaced or removed.
//
//	m, err := netcfg.Open(netcfg.DefaultDir, netcfg.Options{})
//	err = m.Pin("office", []netcfg.Pin{{Addr: server, Via: "dun0"}}) // before dialing
//	err = m.Set("office", netcfg.State{Interface: "dun1", ...})     // when PPP is up
//	err = m.Clear("office")                                          // hung up
//	err = m.Pin("office", nil)                                       // not wanted any more
//	err = m.Close()
//
// # Owners and journals
//
// Each Manager is one owner. In the state directory it has a lock file, which
// it holds by flock(2) as long as the process lives, and a journal, which is
// replaced atomically before anything in the kernel is changed. An owner whose
// lock can be taken is dead; the next one that works in the directory undoes
// its journal. All work is done under one more lock, so that owners see each
// other's journals whole. What two owners share (a sysctl, a pinned server,
// the resolver file) stays until the last of them lets go.
//
// All dun processes of a machine should use the same directory, whatever
// network namespace they are in: a journal names its namespace.
//
// # Routes
//
// Routes go into the main table with protocol number Protocol, so that they
// can be told from others: "ip route show proto 68". Metrics are those of
// State.Rank; a pinned server has the best metric there is.
package netcfg
