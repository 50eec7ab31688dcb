// Package json writes and reads JSON (RFC 8259) as encoding/json does, as far
// as dun needs it: structs with tags (omitempty, omitzero), maps by strings,
// lists, pointers, numbers, text and what marshals itself to text. The library's
// package makes the device binary 176 kB larger on mips, 3 % of its budget; it
// is the twin that this one is tested against.
//
// What is unknown in an object is passed over, unless UnmarshalStrict is asked.
// Nothing is nested deeper than 100 levels.
package json
