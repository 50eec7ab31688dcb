// Package rtnl speaks rtnetlink(7) as far as netcfg needs it: interfaces,
// addresses, routes and proxy entries, read and changed; and the dumps of any
// other netlink family.
//
//	c, err := rtnl.Open(unix.NETLINK_ROUTE)
//	link, err := c.LinkByName("dun0")
//	err = c.AddRoute(rtnl.Route{Dst: dst, Index: link.Index, ...})
//	if errors.Is(err, unix.EEXIST) { ... }
//
// Messages and attributes are read and written by functions without a socket
// (message.go and the parse functions); Conn carries them.
package rtnl
