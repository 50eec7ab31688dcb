// Package agenttest is what the whole agent is tested against: a telephone
// line, an ISP, an office and hosts, each in a network namespace of its own
// (see netnstest), and pictures of a machine's network before and after.
//
// Everything ends with the test. Waits are bounded by Patience; no test
// depends on how long something takes.
package agenttest
