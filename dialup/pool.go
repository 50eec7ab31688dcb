package dialup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
)

// MaxPool is the most addresses that a range of a pool may have.
const MaxPool = 1 << 16

// AddrRange is a range of IPv4 addresses, both ends included.
type AddrRange struct{ First, Last netip.Addr }

// ParseAddrRange takes "192.168.88.100-192.168.88.199", "192.168.88.0/24",
// which leaves out the network's own address and the broadcast address, or a
// single address.
func ParseAddrRange(s string) (AddrRange, error) {
	var r AddrRange
	if first, last, is := strings.Cut(s, "-"); is {
		var errs [2]error
		r.First, errs[0] = netip.ParseAddr(strings.TrimSpace(first))
		r.Last, errs[1] = netip.ParseAddr(strings.TrimSpace(last))
		if err := errors.Join(errs[:]...); err != nil {
			return r, fmt.Errorf("%q is no range of addresses", s)
		}
	} else if strings.Contains(s, "/") {
		prefix, err := netip.ParsePrefix(s)
		if err != nil || !prefix.Addr().Is4() {
			return r, fmt.Errorf("%q is no range of IPv4 addresses", s)
		}
		if prefix != prefix.Masked() {
			return r, fmt.Errorf("%q has bits behind the prefix; the network is %s", s, prefix.Masked())
		}
		return prefixRange(prefix)
	} else {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return r, fmt.Errorf("%q is neither an address nor a range", s)
		}
		r.First, r.Last = addr, addr
	}
	if !r.First.Is4() || !r.Last.Is4() {
		return r, fmt.Errorf("%q is no range of IPv4 addresses", s)
	}
	if r.Last.Less(r.First) {
		return r, fmt.Errorf("%q ends before it begins", s)
	}
	return r, r.tooLong(s)
}

func prefixRange(p netip.Prefix) (AddrRange, error) {
	first := asNumber(p.Addr())
	last := first + uint32(uint64(1)<<(32-p.Bits())-1)
	r := AddrRange{asAddr(first), asAddr(last)}
	if p.Bits() <= 30 {
		r = AddrRange{asAddr(first + 1), asAddr(last - 1)}
	}
	return r, r.tooLong(p.String())
}

func (r AddrRange) tooLong(s string) error {
	if uint64(asNumber(r.Last))-uint64(asNumber(r.First))+1 > MaxPool {
		return fmt.Errorf("%q has more than %d addresses", s, MaxPool)
	}
	return nil
}

// Contains reports whether addr lies in the range.
func (r AddrRange) Contains(addr netip.Addr) bool {
	return addr.Is4() && !addr.Less(r.First) && !r.Last.Less(addr)
}

// Len is the number of addresses.
func (r AddrRange) Len() int { return int(asNumber(r.Last)-asNumber(r.First)) + 1 }

func (r AddrRange) String() string {
	if r.First == r.Last {
		return r.First.String()
	}
	return r.First.String() + "-" + r.Last.String()
}

// Pool gives callers their addresses, each to one call at a time. It may be
// used by several goroutines and never blocks for long.
type Pool struct {
	ranges []AddrRange
	size   int

	mu       sync.Mutex
	next     int // where the search for a free address goes on
	leased   map[netip.Addr]bool
	reserved map[netip.Addr]bool
}

// NewPool makes a pool of ranges that do not overlap.
func NewPool(ranges []AddrRange) *Pool {
	p := &Pool{ranges: ranges, leased: make(map[netip.Addr]bool), reserved: make(map[netip.Addr]bool)}
	for _, r := range ranges {
		p.size += r.Len()
	}
	return p
}

// Reserve keeps addresses for those who ask for them by Lease(addr): our own
// address, and those that users have for themselves.
func (p *Pool) Reserve(addrs ...netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range addrs {
		p.reserved[a] = true
	}
}

// Lease gives fixed, be it of the pool or not, or with an invalid fixed the
// free address that was given back longest ago or never used. ok is false
// when it, or every address, is taken.
func (p *Pool) Lease(fixed netip.Addr) (addr netip.Addr, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fixed.IsValid() {
		if p.leased[fixed] {
			return netip.Addr{}, false
		}
		p.leased[fixed] = true
		return fixed, true
	}
	// Going round leaves an address alone for as long as possible, since
	// the peers of its last user may still send to it.
	for range p.size {
		addr := p.at(p.next)
		p.next = (p.next + 1) % p.size
		if !p.leased[addr] && !p.reserved[addr] {
			p.leased[addr] = true
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// Release takes an address back; harmless for one that is not leased.
func (p *Pool) Release(addr netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.leased, addr)
}

// Len is the number of addresses in the pool, Leased how many calls have one.
func (p *Pool) Len() int { return p.size }

func (p *Pool) Leased() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.leased)
}

// Contains reports whether addr is one of the pool's.
func (p *Pool) Contains(addr netip.Addr) bool {
	for _, r := range p.ranges {
		if r.Contains(addr) {
			return true
		}
	}
	return false
}

// at is the pool's i-th address.
func (p *Pool) at(i int) netip.Addr {
	for _, r := range p.ranges {
		if n := r.Len(); i >= n {
			i -= n
			continue
		}
		return asAddr(asNumber(r.First) + uint32(i))
	}
	return netip.Addr{}
}

func asNumber(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

func asAddr(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}
