// Package digest is MD5 (RFC 1321), SHA-1 (RFC 3174) and DES (FIPS 46-3) in
// plain code, as the ways of logging in need them: a few blocks a call. The
// standard library's bring its whole FIPS 140 module with them, 170 kB on mips;
// they are the twins that these are tested against. Nothing here is fast, or
// hides its keys from who can measure time on this machine.
package digest
