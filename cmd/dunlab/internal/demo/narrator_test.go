package demo

import (
	"slices"
	"strings"
	"testing"
)

func TestVoiceHearsLines(t *testing.T) {
	var lines []string
	v := &voice{hear: func(line string) { lines = append(lines, line) }}
	seen := v.expect("listening")
	for _, piece := range []string{"one\r\ntw", "o\n\nserver list", "ening\nrest"} {
		if n, err := v.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		if strings.HasPrefix(piece, "one") {
			select {
			case <-seen:
				t.Error("seen before it came")
			default:
			}
		}
	}
	if want := []string{"one", "two", "", "server listening"}; !slices.Equal(lines, want) {
		t.Errorf("heard %q, want %q", lines, want)
	}
	select {
	case <-seen:
	default:
		t.Error("the expected line was not seen")
	}
	v.Write([]byte(" again listening\n")) // harmless
}

// TestVoiceBoundsLines: a program that never ends its line must not fill the
// memory.
func TestVoiceBoundsLines(t *testing.T) {
	longest := 0
	v := &voice{hear: func(line string) { longest = max(longest, len(line)) }}
	for range 10 {
		v.Write([]byte(strings.Repeat("x", 1500)))
	}
	if longest == 0 || longest > maxPart+1500 || len(v.part) > maxPart {
		t.Errorf("longest line %d, kept %d octets", longest, len(v.part))
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct{ said, want string }{
		{"", "it said nothing"},
		{"0.1 isp dial\n0.2 isp busy\n", "0.2 isp busy"},
		{"0.1 isp dial\ndun: The line is busy.\n     Dial again later.\n     [busy, exit code 8]\n", "The line is busy."},
		{strings.Repeat("line\n", 100), "line"},
	} {
		v := &voice{hear: func(string) {}}
		v.Write([]byte(test.said))
		if got := v.verdict(); got != test.want {
			t.Errorf("verdict of %.40q is %q, want %q", test.said, got, test.want)
		}
		if len(v.last) > remembered {
			t.Errorf("%d lines are kept", len(v.last))
		}
	}
}

func TestNarratorIndents(t *testing.T) {
	var out strings.Builder
	n := newNarrator(&out)
	n.act("The %s dials", "device")
	n.say("a\nb")
	n.programme("ISP", nil).Write([]byte("RING\n"))
	n.programme("office", func(line string) bool { return line != "noise" }).Write([]byte("noise\nup\n"))
	want := "\n1. The device dials\n   a\n   b\n   ISP    | RING\n   office | up\n"
	if out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
}
