// Package tun is the TUN device of the system: a network interface whose IP
// packets are read and written as they are, one packet a call, without a
// link-layer header.
//
// The interface lives as long as the Device: when it is closed, or the
// process dies, the kernel removes the interface with its addresses and
// routes.
package tun
