// Package line edits a line of text for somebody at the other end of a serial
// line: octets in, octets and events out, no clock and no system.
//
// What comes may be typed, pasted, or noise. Nothing of it can make a line
// longer than MaxLine, and a line with noise in it is never taken for a
// command. What goes out is a few octets a key, since at 9600 bit/s a screen
// takes two seconds: only what changed is drawn, in one row that moves
// sideways under a long line. That takes backspace, carriage return and line feed
// and no escape sequence, so that a dumb terminal does; those of a VT100's keys
// are understood.
//
//	e := line.New(80)
//	e.Begin("dun> ", line.Edit)
//	for each octet c that comes:
//		ev, ok := e.Input(c)
//		write(e.Output())
//		if ok { act on ev }
package line
