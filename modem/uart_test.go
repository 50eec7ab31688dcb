package modem

import (
	"maps"
	"testing"
	"unsafe"
)

func TestUART(t *testing.T) {
	if n := unsafe.Sizeof(uart{}); n != 80 {
		t.Errorf("struct serial_icounter_struct has %d octets, not 80", n)
	}
	got := make(map[string]uint64)
	add := func(name string, n uint64) { got[name] = n }
	before := uart{frame: 5, overrun: 7, bufOverrun: 1, parity: 2, brake: 1, rx: 9}
	uart{frame: 6, overrun: 10, bufOverrun: 1, parity: 6, brake: 6, rx: 99}.counters(before, add)
	if want := map[string]uint64{"port-framing-errors": 1, "port-overruns": 3, "port-parity-errors": 4, "port-breaks": 5}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	clear(got)
	uart{}.counters(before, add) // the port was closed
	if len(got) != 0 {
		t.Errorf("%v", got)
	}
	if u := (&port{fd: -1}).uart(); u != (uart{}) {
		t.Errorf("%+v of no port", u)
	}
}
