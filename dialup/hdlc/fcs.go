package hdlc

// Constants of RFC 1662 section C.2.
const (
	initFCS = 0xffff // PPPINITFCS16
	goodFCS = 0xf0b8 // PPPGOODFCS16: FCS over a frame and its own FCS
	fcsLen  = 2
)

// fcsTable is what the generator of RFC 1662 section C.1 prints, for the
// polynomial x**0 + x**5 + x**12 + x**16.
var fcsTable = func() (t [256]uint16) {
	for b := range t {
		v := uint16(b)
		for range 8 {
			if v&1 == 1 {
				v = v>>1 ^ 0x8408
			} else {
				v >>= 1
			}
		}
		t[b] = v
	}
	return t
}()

// addFCS is pppfcs16 of section C.2 for one octet.
func addFCS(fcs uint16, c byte) uint16 { return fcs>>8 ^ fcsTable[byte(fcs)^c] }
