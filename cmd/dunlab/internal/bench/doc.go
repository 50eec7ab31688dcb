// Package bench measures dun: beside a plain path on this machine, beside the
// kernel's PPTP and pptp-linux in a guest with one processor, and alone.
//
// Every figure of the results is a ratio of two things that were measured in
// one run by turns, with both raw figures beside it: a machine is fast or
// slow today, and the ratio says what the code does. Samples are data: they
// are made in a pair of network namespaces (Pair, Plan), here or in a guest,
// and everything after that is arithmetic that tests can hold.
package bench
