// Package netns builds small networks out of network namespaces without the
// help of any program: hosts, cables between them, bridges and taps, all by
// netlink.
//
// Enter runs the whole program again inside namespaces of its own: as root
// directly, for an ordinary user through a user namespace. Everything that
// is made inside (interfaces, mounts, processes, guests) vanishes with that
// one process, whatever ends it.
//
// A Host is one machine of such a network: an operating system thread that
// lives in its own network and mount namespace and starts the host's
// processes.
package netns
