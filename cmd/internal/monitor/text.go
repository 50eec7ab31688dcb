package monitor

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// wire is the line of a wire's counters: those that are not 0.
func wire(all map[string]uint64) string {
	if _, tunnel := all["gre-rx"]; tunnel {
		return "  GRE" + sums(all, "gre-")
	}
	if _, line := all["hdlc-frames"]; line {
		return "  HDLC" + sums(all, "hdlc-")
	}
	return ""
}

// sums names the counters that are not 0, without the prefix that all have.
func sums(all map[string]uint64, prefix string) string {
	l := ""
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if all[name] > 0 {
			l += "  " + strings.TrimPrefix(name, prefix) + " " + strconv.FormatUint(all[name], 10)
		}
	}
	return l
}

// octets is a number of them in at most seven columns: "1.23 kB".
func octets(n float64) string {
	units := [...]string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	i := 0
	for n >= 999.5 && i < len(units)-1 {
		n /= 1000
		i++
	}
	digits := 0
	switch {
	case i == 0:
	case n < 9.995:
		digits = 2
	case n < 99.95:
		digits = 1
	}
	return strconv.FormatFloat(n, 'f', digits, 64) + " " + units[i]
}

func speed(n float64) string {
	s := octets(n) + "/s"
	return strings.Repeat(" ", max(0, 9-len(s))) + s
}

func milliseconds(ms float64) string { return strconv.FormatFloat(ms, 'f', 1, 64) + " ms" }

// lasted is a duration as a clock shows it: "1d 02:03:04".
func lasted(d time.Duration) string {
	s := max(0, int(d.Seconds()))
	two := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	l := two(s/3600%24) + ":" + two(s/60%60) + ":" + two(s%60)
	if days := s / 86400; days > 0 {
		l = strconv.Itoa(days) + "d " + l
	}
	return l
}

func arrow(local, remote string) string {
	if remote == "" {
		return local
	}
	return local + " > " + remote
}

// pad makes s so many columns wide, and leaves a longer one.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// fit makes a line printable and cuts it to the width.
func fit(s string, width int) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > width {
			return -1
		}
		if unicode.IsControl(r) || r == utf8.RuneError || wide(r) {
			return '?'
		}
		return r
	}, s)
}

// wide tells characters that may take no column, or two: all but those of the
// Latin, Greek and Cyrillic alphabets.
func wide(r rune) bool { return r == 0xad || r >= 0x300 && r < 0x370 || r >= 0x483 }
