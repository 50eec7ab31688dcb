// Package mschap is the arithmetic of Microsoft's CHAP: MS-CHAP (RFC 2433),
// MS-CHAPv2 (RFC 2759) and the MPPE start keys that follow from either
// (RFC 3079). Packets and states belong to package ppp.
//
// Everything starts from the NT hash of the password, so that a secret may be
// kept as its hash alone. The LAN Manager hash is left out: it would be needed
// for MS-CHAP's LM response and for MPPE of 40 and 56 bits after MS-CHAP only
// (RFC 3079 sections 2.1 and 2.2).
package mschap
