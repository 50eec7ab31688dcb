package netcfg

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"dun/board/netcfg/rtnl"
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

const (
	nfDrop   = 0 // NF_DROP of linux/netfilter.h
	nfgenLen = 4 // struct nfgenmsg: family, version, resource; all 0 asks for everything
)

// baseChains asks the kernel for its filter chains on input and output.
func baseChains() (chains []chain, err error) {
	conn, err := rtnl.Open(unix.NETLINK_NETFILTER)
	if err == nil {
		defer conn.Close()
		const get = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETCHAIN
		err = conn.Dump(get, make([]byte, nfgenLen), func() { chains = nil }, func(m []byte) {
			if c, ok := parseChain(m); ok {
				chains = append(chains, c)
			}
		})
	}
	if err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
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
	if len(m) < nfgenLen {
		return chain{}, false
	}
	kind := ""
	for typ, v := range rtnl.Attributes(m[nfgenLen:]) {
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
			for typ, v := range rtnl.Attributes(v) {
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
