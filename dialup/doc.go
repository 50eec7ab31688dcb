// Package dialup is Dial-Up Networking: a Device dials and a Listener accepts
// links that carry PPP, and a Connection takes one link through its phases
// (link, authenticate, network, up) and gives the system a network interface.
//
// Modems and tunnels implement Device, Listener and Link; nothing here knows
// them.
package dialup
