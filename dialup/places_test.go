package dialup

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// visitor holds places from one address.
type visitor struct {
	addr   netip.Addr
	leaves []func()
	lost   int
}

func (v *visitor) take(p *Places) bool {
	leave, ok := p.Take(v.addr, func() { v.lost++ })
	if ok {
		v.leaves = append(v.leaves, leave)
	}
	return ok
}

func addr(i byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, i}) }

// TestStrangerHoldsNotAll: one address takes all places again and again; others
// get in at once, and stay.
func TestStrangerHoldsNotAll(t *testing.T) {
	p := NewPlaces(8)
	stranger := &visitor{addr: addr(1)}
	for range 100 {
		stranger.take(p)
	}
	if p.Held() != 8 || len(stranger.leaves) != 8 || stranger.lost != 0 {
		t.Fatalf("%d places are held, %d were lost", p.Held(), stranger.lost)
	}
	honest := make([]*visitor, 3)
	for i := range honest {
		honest[i] = &visitor{addr: addr(byte(10 + i))}
		if !honest[i].take(p) {
			t.Fatalf("caller %d finds no place", i)
		}
		for range 100 {
			if stranger.take(p) {
				t.Fatal("the stranger pushed somebody out")
			}
		}
	}
	if stranger.lost != 3 {
		t.Errorf("the stranger lost %d places", stranger.lost)
	}
	for _, h := range honest {
		if h.lost != 0 {
			t.Error("an honest caller lost its place")
		}
		h.leaves[0]()
		h.leaves[0]()
	}
	if p.Held() != 5 {
		t.Errorf("%d places are held, want 5", p.Held())
	}
}

// TestNewestLoses: whoever of an address got in first is let alone.
func TestNewestLoses(t *testing.T) {
	p := NewPlaces(3)
	var lost []int
	for i := range 3 {
		p.Take(addr(1), func() { lost = append(lost, i) })
	}
	p.Take(addr(2), nil)
	if len(lost) != 1 || lost[0] != 2 {
		t.Errorf("lost %v", lost)
	}
	if _, ok := p.Take(addr(2), nil); ok {
		t.Error("one more than the other already: nothing to take away")
	}
}

// TestPlacesBound holds the bound and the fairness under random visits.
func TestPlacesBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	p := NewPlaces(10)
	visitors := make([]*visitor, 5)
	for i := range visitors {
		visitors[i] = &visitor{addr: addr(byte(i))}
	}
	for range 10_000 {
		v := visitors[rng.IntN(len(visitors))]
		if rng.IntN(3) == 0 && len(v.leaves) > 0 {
			i := rng.IntN(len(v.leaves))
			v.leaves[i]() // maybe lost long ago
			v.leaves = append(v.leaves[:i], v.leaves[i+1:]...)
		} else {
			before := p.Held()
			if ok := v.take(p); !ok && before < 10 {
				t.Fatal("refused although there is room")
			}
		}
		if p.Held() > 10 {
			t.Fatalf("%d places of 10 are held", p.Held())
		}
	}
	if _, ok := NewPlaces(0).Take(addr(1), nil); !ok {
		t.Error("no place at all")
	}
}
