package tun

import (
	"testing"

	"dun/board/netcfg/netnstest"
)

func TestBefore(t *testing.T) {
	for release, want := range map[string]bool{
		"6.1.0-35-amd64": true, "6.2.0": false, "6.2": false, "6.18.44": false, "7.0": false, "5.99.1": true, "3.2-rc1": true,
		"6.2-rc1\x00\x00": false, "6": true, "7": false, "": true, "\x00\x00": true, "6.99999999999999999999.1": false, "x.y": true,
	} {
		if got := before([]byte(release), 6, 2); got != want {
			t.Errorf("%q is older than 6.2: %v", release, got)
		}
	}
}

// TestOffers holds what is foretold against what an interface gets.
func TestOffers(t *testing.T) {
	netnstest.Run(t, func(t *testing.T) {
		offers, err := Offers()
		if err != nil {
			t.Fatal(err)
		}
		d, err := Open("", Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if got := d.Offload(); got != offers {
			t.Errorf("an interface gets %+v, foretold was %+v", got, offers)
		}
	})
}
