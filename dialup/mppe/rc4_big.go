//go:build mips

package mppe

// firstShift moves an octet to where a word has its first octet in memory.
const firstShift = 24
