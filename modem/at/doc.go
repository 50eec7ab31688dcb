// Package at speaks the AT command dialogue of modems (ITU-T V.250, and what
// Hayes modems made of it) as a machine without I/O: it brings a modem into
// command state, initializes it, dials or answers, hangs up, and runs single
// commands.
//
// One owner calls a Machine in this order:
//
//	m.Open(now, job)                       starts a job
//	m.Input(now, bytes) or m.HandleTimeout(now)
//	for m.PollTransmit(dst) ...            write what it gives to the modem
//	for m.PollEvent() ...                  Closed or Connected ends the job
//	m.PollTimeout()                        the time of the next HandleTimeout
//
// After Connected the machine is idle and must not be given what the line
// carries; another job (HangUp) may be opened at any later time.
//
// The modem's answers are read with or without echo, in words or as numbers
// (V.250 section 6.2.5 and 6.3), with unsolicited lines between them.
package at
