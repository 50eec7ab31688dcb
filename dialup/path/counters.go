package path

import (
	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// Counters count a link's frames and packets.
type Counters struct {
	FramesIn, FramesOut   uint64 // PPP frames of every protocol
	PacketsIn, PacketsOut uint64 // network packets from and to the system
	BytesIn, BytesOut     uint64 // their octets
	Dropped               Drops
}

// Drops counts what was thrown away, by reason.
type Drops struct {
	TooLong          uint64 // longer than the peer's MRU, or than any buffer
	Undecryptable    uint64 // the compressor refused it
	NotNetwork       uint64 // no packet of an open network protocol inside
	NotCarried       uint64 // from the system, while the network was not open
	TooEarly         uint64 // from the peer, before its network protocol was open here
	NoInterface      uint64 // from the peer, before there was an interface
	InterfaceRefused uint64 // the system did not take it
	WireRefused      uint64 // the wire did not take it
	Waited           uint64 // the oldest of too many that waited for the wire
	NoBuffer         uint64 // all buffers were in use
	BadShape         uint64 // from the system, not what it said it was
}

// Each calls add for every counter of d under its name.
func (d Drops) Each(add func(name string, n uint64)) {
	add("too-long", d.TooLong)
	add("undecryptable", d.Undecryptable)
	add("not-network", d.NotNetwork)
	add("not-carried", d.NotCarried)
	add("too-early", d.TooEarly)
	add("no-interface", d.NoInterface)
	add("interface-refused", d.InterfaceRefused)
	add("wire-refused", d.WireRefused)
	add("waited-too-long", d.Waited)
	add("no-buffer", d.NoBuffer)
	add("bad-shape", d.BadShape)
}

// Encryption adds the counters of all keys that the link has had: why packets
// were not decrypted, among others. It belongs to the loop's goroutine.
func (l *Link) Encryption(add func(name string, n uint64)) {
	n := countersOf(l.compressor)
	n.Add(l.ciphered)
	if n == (mppe.Counters{}) {
		return
	}
	add("mppe-tx", n.Sent)
	add("mppe-rx", n.Received)
	add("mppe-rx-lost", n.Lost)
	add("mppe-rx-late", n.Late)
	add("mppe-rx-waiting-for-keys", n.Discarded)
	add("mppe-rx-in-clear", n.Unencrypted)
	add("mppe-rx-not-flushed", n.NotFlushed)
	add("mppe-rx-too-short", n.Short)
	add("mppe-rx-doubtful", n.Doubtful)
	add("mppe-rx-resets-asked", n.ResetRequests)
	add("mppe-tx-flushes", n.Flushes)
}

func countersOf(c ppp.Compressor) (n mppe.Counters) {
	if counted, is := c.(interface{ Counters() mppe.Counters }); is {
		n = counted.Counters()
	}
	return n
}
