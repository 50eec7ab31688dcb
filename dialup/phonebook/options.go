package phonebook

import (
	"fmt"
	"slices"
	"strings"

	"dun/dialup/ppp"
	"dun/dialup/strict"
)

// The words of the files for PPP's values, in the order that they are offered.
var (
	authNames   = []string{"ms-chap-v2", "ms-chap", "chap", "pap"}
	auths       = []ppp.Auth{ppp.AuthMSCHAPv2, ppp.AuthMSCHAP, ppp.AuthCHAPMD5, ppp.AuthPAP}
	policyNames = []string{"require", "prefer", "allow", "deny"}
	policies    = []ppp.Policy{ppp.Require, ppp.Prefer, ppp.Allow, ppp.Deny}
	mppeNames   = []string{"128-stateless", "56-stateless", "40-stateless", "128-stateful", "56-stateful", "40-stateful"}
	mppeModes   = []ppp.MPPEMode{{Bits: 128, Stateless: true}, {Bits: 56, Stateless: true}, {Bits: 40, Stateless: true}, {Bits: 128}, {Bits: 56}, {Bits: 40}}
)

// Login is how the two ends prove who they are and what they encrypt with:
// the settings that entries and servers have in common.
type Login struct {
	Auth       []ppp.Auth // strongest first
	Encryption ppp.Policy
	MPPE       []ppp.MPPEMode // best first
	HashDomain bool
}

// ReadLogin reads auth, encryption, mppe and hash-domain; def serves for what
// is not there. It reports what cannot work together. Where encryption is
// required and auth not given, only the ways that give keys are taken.
func ReadLogin(r *strict.Reader, def Login) Login {
	l := def
	if chosen, ok := r.Choices("auth", authNames...); ok {
		l.Auth = pick(chosen, auths)
		if !slices.IsSorted(chosen) {
			slices.Sort(chosen)
			l.Auth = pick(chosen, auths)
			r.Warn("auth", "Write "+tomlList(pick(chosen, authNames))+".", "The list is taken strongest first, not in this order.")
		}
	}
	if i, ok := r.Choice("encryption", policyNames...); ok {
		l.Encryption = policies[i]
	}
	if chosen, ok := r.Choices("mppe", mppeNames...); ok {
		l.MPPE = pick(chosen, mppeModes)
	}
	if on, ok := r.Bool("hash-domain"); ok {
		l.HashDomain = on
	}
	if !r.Has("auth") && l.Encryption <= ppp.Prefer {
		l.Auth = slices.DeleteFunc(slices.Clone(l.Auth), func(a ppp.Auth) bool { return !givesKeys(a) })
	}
	l.check(r)
	return l
}

// givesKeys reports whether MPPE can take its keys from a way of
// authentication (RFC 3079 sections 2 and 3).
func givesKeys(a ppp.Auth) bool { return a == ppp.AuthMSCHAP || a == ppp.AuthMSCHAPv2 }

// check reports combinations that cannot work.
func (l Login) check(r *strict.Reader) {
	keys := slices.ContainsFunc(l.Auth, givesKeys)
	onlyV1 := keys && !slices.Contains(l.Auth, ppp.AuthMSCHAPv2)
	policy := nameOf(l.Encryption, policies, policyNames)
	switch {
	case l.Encryption <= ppp.Prefer && !keys && len(l.Auth) > 0:
		key := "encryption"
		if !r.Has(key) {
			key = "auth"
		}
		r.Wrong(key, `Add "ms-chap-v2" to auth, or set encryption = "deny".`,
			"Encryption (%s) takes its keys from MS-CHAP, which auth does not have.", policy)
	case l.Encryption == ppp.Deny && r.Has("mppe"):
		r.Wrong("mppe", `Remove mppe, or choose another encryption than "deny".`, "This says how to encrypt, and encryption is denied.")
	case l.Encryption != ppp.Deny && onlyV1 && slices.ContainsFunc(l.MPPE, func(m ppp.MPPEMode) bool { return m.Bits < 128 }):
		// RFC 3079 sections 2.1 and 2.2.
		r.Wrong("mppe", `Add "ms-chap-v2" to auth, or keep to 128 bit.`, "The 40 and 56 bit keys of MS-CHAP come from the LAN Manager hash, which is not used.")
	case l.Encryption == ppp.Require && r.Has("auth") && slices.ContainsFunc(l.Auth, func(a ppp.Auth) bool { return !givesKeys(a) }):
		r.Warn("auth", `Keep to "ms-chap-v2".`, "After pap or chap there are no keys, so a call that logs in this way always fails.")
	}
}

// DescribeLogin says it in words: "MS-CHAPv2, MPPE-128 stateless required".
func DescribeLogin(l Login) string {
	ways := make([]string, len(l.Auth))
	for i, a := range l.Auth {
		ways[i] = a.String()
	}
	modes := make([]string, len(l.MPPE))
	for i, m := range l.MPPE {
		modes[i] = ModeTitle(m)
	}
	s := "no login"
	if len(ways) > 0 {
		s = strings.Join(ways, " or ")
	}
	mppe := strings.Join(modes, " or ")
	switch l.Encryption {
	case ppp.Require:
		return s + ", " + mppe + " required"
	case ppp.Prefer:
		return s + ", " + mppe + " if the peer can, otherwise in clear"
	case ppp.Allow:
		if !slices.ContainsFunc(l.Auth, givesKeys) {
			return s + ", no encryption"
		}
		return s + ", " + mppe + " if the peer asks for it, otherwise in clear"
	}
	return s + ", no encryption"
}

// AuthName is the word of the files for a way of authentication.
func AuthName(a ppp.Auth) string {
	if i := slices.Index(auths, a); i >= 0 {
		return authNames[i]
	}
	return "none"
}

// ModeTitle is the usual name of a form of MPPE.
func ModeTitle(m ppp.MPPEMode) string {
	if m.Stateless {
		return fmt.Sprintf("MPPE-%d stateless", m.Bits)
	}
	return fmt.Sprintf("MPPE-%d stateful", m.Bits)
}

// pick takes the chosen ones of some values.
func pick[T any](chosen []int, values []T) []T {
	out := make([]T, len(chosen))
	for i, c := range chosen {
		out[i] = values[c]
	}
	return out
}

// nameOf is the word for a value.
func nameOf[T comparable](v T, values []T, names []string) string {
	if i := slices.Index(values, v); i >= 0 {
		return names[i]
	}
	return ""
}
