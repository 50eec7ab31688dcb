// Package load makes the traffic of the benchmarks: a TCP stream as fast as
// it goes, small UDP packets at a fixed rate, and a loop that takes whatever
// processor time is left.
//
// Each is a process of its own that makes blocking system calls which Go's
// scheduler does not see, one in each turn, so that what is measured is the
// path below and not the generator. They count into a file that the measuring
// process maps as well (Counter): it reads at any moment and asks nobody.
//
// Nothing here verifies octets; package traffic does.
package load
