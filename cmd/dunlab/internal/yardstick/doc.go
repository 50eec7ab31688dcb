// Package yardstick is a deliberately plain packet path: what a first,
// correct program would do. Each packet is one read, the standard library's
// RC4 with a new key for each packet, and one sendto; nothing is batched,
// offloaded or reused. The benchmarks measure dun's path beside it.
//
// It speaks MPPE-128, stateless (RFC 3078), in enhanced GRE (RFC 2637
// section 4.1) with fixed keys and no negotiation, to its twin alone.
package yardstick
