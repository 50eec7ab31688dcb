package netcfg

import "dun/board/netcfg/rtnl"

// Listen looks out for changes of the machine's own network: a cable, an
// address, a route. What dun does is none.
func Listen() (*rtnl.Changes, error) {
	return rtnl.Listen(func(protocol int) bool { return protocol == Protocol })
}
