// Package traffic makes and judges the traffic of the laboratory: a server
// and a client that carry a seeded pseudo-random stream over TCP with a
// SHA-256 sum taken at both ends, and ICMP echo at a fixed pace.
//
// Both run as sub-commands of dunlab in any namespace or guest and print one
// line of JSON, so that every place is driven alike (see Place).
//
// Bytes are judged here and not below, since neither GRE nor MPPE protects
// the integrity of what it carries (RFC 3078, section 12).
package traffic
