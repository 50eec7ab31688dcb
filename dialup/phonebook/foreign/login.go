package foreign

import (
	"slices"
	"strings"
)

// login is how a connection proves who we are and what it encrypts with, in
// the words of the phonebook.
type login struct {
	auth   []string // what the peer may ask for, strongest first
	policy string   // encryption
	mppe   []string // nil = as the phonebook has it
}

var (
	allAuth = []string{"ms-chap-v2", "ms-chap", "chap", "pap"}
	keyAuth = allAuth[:2] // those that give keys for encryption
)

// login sets it. Without keys there is no encryption, so where it is required
// the ways without keys are left out; it is never given up instead.
func (r *reader) login(d *draft, at place, key string, l login) {
	if len(l.auth) == 0 {
		r.note(at, key, "No way of logging in is left that dun has (MS-CHAPv2, MS-CHAP, CHAP, PAP); EAP it does not have.", "The entry has MS-CHAPv2; change its auth where the server wants another.")
		l.auth = allAuth[:1]
	}
	with := slices.DeleteFunc(slices.Clone(l.auth), func(a string) bool { return !slices.Contains(keyAuth, a) })
	switch {
	case l.policy == "require" && len(with) == 0:
		r.note(at, key, "Encryption is required, and its keys come from MS-CHAP, which is not permitted.", "The entry has MS-CHAPv2.")
		l.auth = allAuth[:1]
	case l.policy == "require":
		l.auth = with
	case l.policy == "prefer" && len(with) == 0:
		l.policy = "deny" // it never comes to encryption
	}
	r.put(d, at, "auth", l.auth...)
	r.put(d, at, "encryption", l.policy)
	if l.mppe != nil && l.policy != "deny" {
		r.put(d, at, "mppe", l.mppe...)
	}
}

// options are pppd's for logging in and encryption, which NetworkManager has
// too.
type options struct {
	refused                 []string // of allAuth
	require, only40, only56 bool
	only128, no40, no128    bool
	stateful, never         bool
}

// take reads one of them, false where it is none. NetworkManager spells
// refuse-mschapv2 without a dash.
func (o *options) take(option string) bool {
	switch option {
	case "refuse-pap", "-pap":
		o.refused = append(o.refused, "pap")
	case "refuse-chap", "-chap", "refuse-chap-md5":
		o.refused = append(o.refused, "chap")
	case "refuse-mschap", "-mschap":
		o.refused = append(o.refused, "ms-chap")
	case "refuse-mschap-v2", "refuse-mschapv2", "-mschap-v2":
		o.refused = append(o.refused, "ms-chap-v2")
	case "require-mppe", "+mppe":
		o.require = true
	case "require-mppe-128", "+mppe-128":
		o.require, o.only128 = true, true
	case "require-mppe-56":
		o.require, o.only56 = true, true
	case "require-mppe-40", "+mppe-40":
		o.require, o.only40 = true, true
	case "nomppe-40", "-mppe-40":
		o.no40 = true
	case "nomppe-128", "-mppe-128":
		o.no128 = true
	case "mppe-stateful":
		o.stateful = true
	case "nomppe-stateful":
		o.stateful = false
	case "nomppe", "-mppe", "noccp", "-ccp":
		o.never = true
	default:
		return false
	}
	return true
}

// login is what they come to. pppd encrypts only if it is told to; for us it
// is no harm to let a peer ask for it.
func (o *options) login() login {
	var l login
	for _, a := range allAuth {
		if !slices.Contains(o.refused, a) {
			l.auth = append(l.auth, a)
		}
	}
	switch {
	case o.require:
		l.policy = "require"
	case o.never:
		l.policy = "deny"
	default:
		l.policy = "allow"
	}
	if !o.require && !o.stateful {
		return l
	}
	all := !o.only128 && !o.only56 && !o.only40
	for _, m := range []struct {
		bits string
		ok   bool
	}{{"128", o.only128 || all && !o.no128}, {"56", o.only56}, {"40", o.only40 || all && !o.no40}} {
		if m.ok {
			l.mppe = append(l.mppe, m.bits+"-stateless")
		}
	}
	if o.stateful {
		for _, m := range slices.Clone(l.mppe) {
			l.mppe = append(l.mppe, strings.TrimSuffix(m, "less")+"ful")
		}
	}
	return l
}
