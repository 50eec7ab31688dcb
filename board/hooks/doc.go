// Package hooks runs the machine's own programs when a network comes and goes,
// as pppd's and Debian's ip-up.d and ip-down.d do.
package hooks
