// Package names finds the IPv4 addresses of hosts: in the hosts file, and by
// asking name servers (RFC 1035), those of the system's resolver file or given
// ones over sockets that are bound to an interface.
//
//	r := names.Resolver{Hosts: "/etc/hosts", Config: "/etc/resolv.conf", Random: random}
//	addrs, err := r.LookUp(ctx, "vpn.example.org")
//
// It is a stub: the servers do the work. The order is always hosts file, name
// servers; nsswitch.conf is not read. Messages are written and read by
// functions without a socket (message.go); ask.go carries them.
package names
