// Package interop tries dun against real peers: pppd, pptpd, pptp-linux and
// the kernel's PPP in guests. Each Case builds the network that it needs in
// an Env, all of which goes when the case ends.
package interop
