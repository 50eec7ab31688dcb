// Package cause is the one table of reasons for which a connection fails or
// ends. Each cause has a name for programs, a sentence and a remedy for
// people, the Windows RAS error number that technicians look up, and the
// exit code that pppd gives where it knows the case (pppd(8), EXIT STATUS).
//
// Engines report a Cause in their events; drivers wrap what the system said
// into an Error. The agent's retry loop decides by Cause and nothing else.
package cause
