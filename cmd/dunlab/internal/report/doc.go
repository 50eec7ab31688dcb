// Package report writes what the laboratory found: one line a case, and a
// summary.
package report
