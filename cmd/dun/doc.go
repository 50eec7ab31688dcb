// Command dun dials, answers and keeps up PPP connections over serial modems
// and PPTP tunnels. See dun(8).
package main
