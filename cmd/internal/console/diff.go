package console

import (
	"fmt"
	"io"
	"strings"
)

// maxDiff bounds the table of comparisons; beyond it all lines count as changed.
const maxDiff = 1 << 20

// Diff prints which lines of a TOML file went and came, below the header that
// they stand under.
func Diff(w io.Writer, was, is []string) {
	header, told := "", ""
	tell := func(sign, l string) {
		if strings.HasPrefix(l, "[") {
			header, told = l, l
		} else if header != told {
			fmt.Fprintln(w, "  "+header)
			told = header
		}
		fmt.Fprintln(w, sign+" "+l)
	}
	common := commonLines(was, is)
	i, j := 0, 0
	for i < len(was) || j < len(is) {
		switch {
		case i < len(was) && j < len(is) && was[i] == is[j]:
			if strings.HasPrefix(is[j], "[") {
				header = is[j]
			}
			i++
			j++
		case j == len(is) || i < len(was) && common(i+1, j) >= common(i, j+1):
			tell("-", was[i])
			i++
		default:
			tell("+", is[j])
			j++
		}
	}
}

// commonLines gives how many lines was from i on and is from j on have in
// common, in their order.
func commonLines(was, is []string) func(i, j int) int {
	width := len(is) + 1
	if (len(was)+1)*width > maxDiff {
		return func(int, int) int { return 0 }
	}
	table := make([]uint16, (len(was)+1)*width)
	for i := len(was) - 1; i >= 0; i-- {
		for j := len(is) - 1; j >= 0; j-- {
			n := max(table[(i+1)*width+j], table[i*width+j+1])
			if was[i] == is[j] {
				n = table[(i+1)*width+j+1] + 1
			}
			table[i*width+j] = n
		}
	}
	return func(i, j int) int { return int(table[i*width+j]) }
}
