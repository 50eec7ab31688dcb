package path

// Shape says what an IP packet from or for the system is beside its octets: in
// one piece or to be cut into segments, with a complete checksum or not. The
// zero Shape is an ordinary packet.
type Shape struct {
	Kind Kind
	// Size is how many octets of payload each segment has, the last perhaps
	// less; valid with a Kind.
	Size int
	// Partial: the checksum from octet Start on is still to be summed up and
	// put at Start+Offset, where the sum of the pseudo-header stands.
	Partial       bool
	Start, Offset int
}

// Kind is a way to cut a packet into segments.
type Kind uint8

// Kinds.
const (
	Whole Kind = iota
	TCP4
	TCP6
	UDP // UDP over IPv4 or IPv6, each segment a datagram of its own
)

// ShapedTUN is a TUN whose packets may have a Shape.
type ShapedTUN interface {
	TUN
	// Shapes reports whether packets have one, so that ReadShaped and
	// WriteShaped are to be used instead of Read and Write, and whether
	// WriteShaped takes packets to be cut, of TCP and of UDP.
	Shapes() (shaped, tcp, udp bool)
	// ReadShaped gives one IP packet of up to 64 KiB. Errors are Read's.
	ReadShaped(b []byte) (n int, s Shape, err error)
	// WriteShaped takes one IP packet in pieces, borrowed.
	WriteShaped(s Shape, pieces [][]byte) error
	// KeepWhole has the system cut its packets and complete their checksums
	// itself: for a slow link, where 64 KiB at once are far too much.
	KeepWhole() error
}
