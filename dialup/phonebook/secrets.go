package phonebook

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"

	"dun/dialup/ppp"
	"dun/dialup/strict"
)

// maxPassword is what PAP can carry (RFC 1334 section 2.2.1).
const maxPassword = 255

// Secrets is what secrets.toml knows: our own passwords, and the users who
// may call us. It never shows them when it is printed.
type Secrets struct {
	doc     *strict.Document
	entries map[string]*ppp.Secret
	users   map[string]*user
	names   []string // of users, in the order of the file

	noDomain bool // users are looked up without their domain
}

// IgnoringDomain is s for servers whose callers write a domain that is not in
// the file: 'CORP\bob', where he is not there himself, is found as bob.
func (s *Secrets) IgnoringDomain() *Secrets {
	without := *s
	without.noDomain = true
	return &without
}

// find looks a user up as the file spells them. This is the one place where a
// domain may be left out: whoever authenticates looks names up as they came.
func (s *Secrets) find(name string) (*user, bool) {
	u, ok := s.users[name]
	if i := strings.LastIndexByte(name, '\\'); i >= 0 && !ok && s.noDomain {
		u, ok = s.users[name[i+1:]]
	}
	return u, ok
}

// user is a caller that we know. It is held by pointer, so that printing what
// contains it shows no more than an address.
type user struct {
	secret  ppp.Secret
	address netip.Addr
}

// Entry is the stored secret for an entry, the zero Secret without one.
func (s *Secrets) Entry(name string) ppp.Secret {
	if secret, ok := s.entries[name]; ok {
		return *secret
	}
	return ppp.Secret{}
}

// HasEntry reports whether a secret is stored for an entry; it may be the
// empty password.
func (s *Secrets) HasEntry(name string) bool {
	_, ok := s.entries[name]
	return ok
}

// Find is the secret of a caller (ppp.Users). The name has to be spelt as in
// the file, its case and (see IgnoringDomain) its domain included, although Windows would not
// care about case: two names that differ there are two users. The time that it
// takes does not tell how much of a wrong name was right.
func (s *Secrets) Find(name string) (ppp.Secret, bool) {
	u, ok := s.find(name)
	if !ok {
		return ppp.Secret{}, false
	}
	return u.secret, true
}

// UserAddress is the address that a user always gets, invalid if any will do.
func (s *Secrets) UserAddress(name string) netip.Addr {
	if u, ok := s.find(name); ok {
		return u.address
	}
	return netip.Addr{}
}

// Users lists the names of those who may call us.
func (s *Secrets) Users() []string { return slices.Clone(s.names) }

// Addresses lists the addresses that belong to single users.
func (s *Secrets) Addresses() []netip.Addr {
	var list []netip.Addr
	for _, name := range s.names {
		if a := s.users[name].address; a.IsValid() {
			list = append(list, a)
		}
	}
	return list
}

// Document is the parsed secrets.toml.
func (s *Secrets) Document() *strict.Document { return s.doc }

// Place is where a setting of a user stands, or the user where it does not.
func (s *Secrets) Place(user, key string) strict.Pos {
	users, ok := s.doc.Root.Get("user")
	if !ok || users.Value.Table == nil {
		return strict.Pos{}
	}
	it, ok := users.Value.Table.Get(user)
	if !ok {
		return strict.Pos{}
	}
	if it.Value.Table != nil {
		if setting, ok := it.Value.Table.Get(key); ok {
			return setting.Value.At
		}
	}
	return it.At
}

// A Secrets is hidden also where it is printed by value.

func (Secrets) String() string               { return "(hidden)" }
func (Secrets) GoString() string             { return "(hidden)" }
func (Secrets) MarshalJSON() ([]byte, error) { return []byte(`"(hidden)"`), nil }

// readSecrets reads secrets.toml.
func readSecrets(d *strict.Document) *Secrets {
	s := &Secrets{doc: d, entries: make(map[string]*ppp.Secret), users: make(map[string]*user)}
	root := d.Reader(d.Root)
	for _, it := range root.Tables("entry") {
		r := d.Reader(it.Value.Table)
		if secret, ok := readSecret(r); ok {
			s.entries[it.Key] = &secret
		}
		r.Finish()
	}
	addresses := make(map[netip.Addr]string)
	for _, it := range root.Tables("user") {
		r := d.Reader(it.Value.Table)
		u := new(user)
		u.secret, _ = readSecret(r)
		u.address, _ = r.IPv4("address")
		r.Finish()
		s.users[it.Key] = u
		s.checkUser(d, it)
		if other, taken := addresses[u.address]; taken && u.address.IsValid() {
			r.Wrong("address", "Give one of them another address.", "User %q has this address already.", other)
		}
		addresses[u.address] = it.Key
		s.names = append(s.names, it.Key)
	}
	root.Finish()
	return s
}

// checkUser reports names that cannot be those of callers.
func (s *Secrets) checkUser(d *strict.Document, it *strict.Item) {
	if it.Key == "" || len(it.Key) > maxUser {
		d.Wrong(it.At, it.Path, "", "A user's name has 1 to %d octets.", maxUser)
	}
	for _, name := range s.names {
		if strings.EqualFold(name, it.Key) {
			d.Warn(it.At, it.Path, "Remove one, unless they are two people.", "The names of two users differ in upper and lower case only.")
		}
	}
}

// readSecret reads password or nt-hash; ok is false when there is neither, or
// it is wrong, which it has reported.
func readSecret(r *strict.Reader) (s ppp.Secret, ok bool) {
	password, havePassword := r.String("password", `"..."`)
	hash, haveHash := r.String("nt-hash", `"0123456789abcdef0123456789abcdef"`)
	if !r.Has("nt-hash") {
		r.Missing("password", `Write password = "...", in single quotes if it has a backslash.`, "There is neither password nor nt-hash.")
	}
	switch {
	case r.Has("password") && r.Has("nt-hash"):
		r.Wrong("nt-hash", "Keep the one that is right.", "There are both password and nt-hash.")
	case havePassword:
		if len(password) > maxPassword {
			r.Wrong("password", "", "The password is longer than %d octets.", maxPassword)
		}
		if password == "" {
			r.Warn("password", "Write the password, or remove the setting to be asked for it.", "The password is empty.")
		}
		return ppp.Secret{Password: password}, true
	case haveHash:
		b, err := hex.DecodeString(hash)
		if err != nil || len(b) != len(s.NTHash) {
			r.Wrong("nt-hash", "It is the MD4 hash of the password in UTF-16, 32 hexadecimal digits.", "This is no NT hash.")
			return s, false
		}
		s.NTHash, s.HasHash = [16]byte(b), true
		return s, true
	}
	return s, false
}

// checkEntries reports secrets that their entries cannot use.
func (s *Secrets) checkEntries(b *Book, damaged bool) {
	root := s.doc.Reader(s.doc.Root)
	for _, it := range root.Tables("entry") {
		e, known := b.Entry(it.Key)
		if !known {
			if !damaged && !b.doc.Missing {
				s.doc.Warn(it.At, it.Path, "Remove it, or correct the name.", "The phonebook has no entry of this name.")
			}
			continue
		}
		secret := s.entries[it.Key]
		if secret == nil || !secret.HasHash || len(e.Auth) == 0 || slices.ContainsFunc(e.Auth, givesKeys) {
			continue
		}
		at := it.At
		if hash, ok := it.Value.Table.Get("nt-hash"); ok {
			at = hash.Value.At
		}
		s.doc.Wrong(at, it.Path+".nt-hash", `Store the password itself, or add "ms-chap-v2" to the entry's auth.`,
			"The entry logs in with pap or chap, which need the password; an NT hash serves MS-CHAP only.")
	}
}
