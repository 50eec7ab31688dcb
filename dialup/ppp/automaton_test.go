package ppp

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestAutomatonIsRFC1661 compares the table with the text of RFC 1661 section
// 4.1, cell by cell.
func TestAutomatonIsRFC1661(t *testing.T) {
	text, err := os.ReadFile("testdata/rfc1661-4.1.txt")
	if err != nil {
		t.Fatal(err)
	}
	events := map[string]event{
		"Up": evUp, "Down": evDown, "Open": evOpen, "Close": evClose, "TO+": evTOPlus, "TO-": evTOMinus,
		"RCR+": evRCRPlus, "RCR-": evRCRMinus, "RCA": evRCA, "RCN": evRCN, "RTR": evRTR, "RTA": evRTA,
		"RUC": evRUC, "RXJ+": evRXJPlus, "RXJ-": evRXJMinus, "RXR": evRXR,
	}
	names := map[string]actions{
		"tld": tld, "irc": irc, "zrc": zrc, "scr": scr, "sca": sca, "scn": scn, "str": str, "sta": sta,
		"scj": scj, "ser": ser, "tls": tls, "tlf": tlf, "tlu": tlu,
	}
	row := regexp.MustCompile(`^ *(\S+) *\|(.+)$`)
	seen := 0
	first, cells := state(0), 0 // the left half of the table has states 0 to 5, the right one 6 to 9
	for _, line := range strings.Split(string(text), "\n") {
		if strings.Contains(line, "Initial   Starting") {
			first, cells = 0, 6
		}
		if strings.Contains(line, "Req-Sent  Ack-Rcvd") {
			first, cells = 6, 4
		}
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		ev, ok := events[m[1]]
		if !ok {
			continue
		}
		columns := strings.Fields(m[2])
		if len(columns) != cells {
			t.Fatalf("%d cells in %q, want %d", len(columns), line, cells)
		}
		for i, c := range columns {
			seen++
			st := first + state(i)
			got := automaton[ev][st]
			if c == "-" {
				if !got.illegal {
					t.Errorf("%s in %d: %+v, the RFC has it illegal", m[1], st, got)
				}
				continue
			}
			c = strings.TrimRight(c, "rpx") // footnotes
			want := cell{}
			if acts, next, ok := strings.Cut(c, "/"); ok {
				for _, a := range strings.Split(acts, ",") {
					if names[a] == 0 {
						t.Fatalf("action %q in %q", a, line)
					}
					want.do |= names[a]
				}
				c = next
			}
			n, err := strconv.Atoi(c)
			if err != nil {
				t.Fatalf("state %q in %q", c, line)
			}
			want.next = state(n)
			if got != want {
				t.Errorf("%s in %d: %+v, the RFC has %+v", m[1], st, got, want)
			}
		}
	}
	if seen != int(numEvents)*int(numStates) {
		t.Errorf("%d cells compared, the table has %d", seen, int(numEvents)*int(numStates))
	}
}

func TestTimedStates(t *testing.T) {
	for st := range numStates {
		// RFC 1661 section 4.1: "identifiable by the presence of TO events".
		if want := !automaton[evTOPlus][st].illegal; st.timed() != want {
			t.Errorf("state %d: timed %v, want %v", st, st.timed(), want)
		}
	}
}
