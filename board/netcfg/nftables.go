package netcfg

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// chain is an nftables chain that packets of this machine pass.
type chain struct {
	table, name string
	hook        string // "input", "output"
	drops       bool   // its policy
}

func (c chain) String() string {
	s := fmt.Sprintf("nftables chain %s %s (%s", c.table, c.name, c.hook)
	if c.drops {
		s += ", drops what no rule accepts"
	}
	return s + ")"
}

// nfDrop is NF_DROP of linux/netfilter.h.
const nfDrop = 0

// baseChains asks the kernel for its filter chains on input and output.
func baseChains() ([]chain, error) {
	req := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETCHAIN, unix.NLM_F_DUMP)
	req.AddData(&nl.Nfgenmsg{NfgenFamily: unix.AF_UNSPEC, Version: nl.NFNETLINK_V0})
	msgs, err := req.Execute(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	var chains []chain
	for _, m := range msgs {
		if c, ok := parseChain(m); ok {
			chains = append(chains, c)
		}
	}
	return chains, nil
}

// unsupported reports whether err says that the kernel has no nftables.
func unsupported(err error) bool {
	return errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT)
}

// parseChain reads an NFT_MSG_NEWCHAIN (linux/netfilter/nf_tables.h), numbers
// in network order. Chains without a hook, and NAT, drop nothing by
// themselves and are left out.
func parseChain(m []byte) (c chain, ok bool) {
	if len(m) < nl.SizeofNfgenmsg {
		return chain{}, false
	}
	kind := ""
	for typ, v := range attributes(m[nl.SizeofNfgenmsg:]) {
		switch typ {
		case unix.NFTA_CHAIN_TABLE:
			c.table = unix.ByteSliceToString(v)
		case unix.NFTA_CHAIN_NAME:
			c.name = unix.ByteSliceToString(v)
		case unix.NFTA_CHAIN_TYPE:
			kind = unix.ByteSliceToString(v)
		case unix.NFTA_CHAIN_POLICY:
			c.drops = len(v) == 4 && binary.BigEndian.Uint32(v) == nfDrop
		case unix.NFTA_CHAIN_HOOK:
			for typ, v := range attributes(v) {
				if typ != unix.NFTA_HOOK_HOOKNUM || len(v) != 4 {
					continue
				}
				switch binary.BigEndian.Uint32(v) {
				case unix.NF_INET_LOCAL_IN:
					c.hook = "input"
				case unix.NF_INET_LOCAL_OUT:
					c.hook = "output"
				}
			}
		}
	}
	return c, kind == "filter" && c.hook != ""
}

// attributes walks netlink attributes (netlink(7), struct nlattr): length and
// type in the host's order, each padded to four octets.
func attributes(b []byte) func(yield func(typ uint16, value []byte) bool) {
	const header = 4
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= header {
			n := int(binary.NativeEndian.Uint16(b))
			typ := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if n < header || n > len(b) || !yield(typ, b[header:n]) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}
