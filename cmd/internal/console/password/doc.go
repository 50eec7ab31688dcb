// Package password keeps the console's password as a hash that is slow to
// compute, PBKDF2 with HMAC-SHA-256 (RFC 8018 section 5.2), so that who reads
// device.toml does not know it and has a hard time to guess it.
//
// SHA-256 is written out here: the standard library's brings its whole FIPS
// 140 module, 170 kB on mips, for one log-in. It is tested against that.
package password
