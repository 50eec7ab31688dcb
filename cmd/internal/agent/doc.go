// Package agent composes everything and owns all connections: it dials what
// an entry needs in order (the ISP, then the VPN over it), turns the entry's
// policy into routes and name servers, answers calls, and speaks on the
// control socket. The command line is a thin shell around it.
package agent
