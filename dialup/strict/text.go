package strict

import (
	"fmt"
	"strings"
	"unicode"
)

// control finds the first control character of s and says it in words.
func control(s string) (string, bool) {
	for _, r := range s {
		if !unicode.IsControl(r) {
			continue
		}
		if name, known := controlNames[r]; known {
			return name, true
		}
		return fmt.Sprintf("U+%04X", r), true
	}
	return "", false
}

// controlNames are those that TOML has an escape for, which is how they get in.
var controlNames = map[rune]string{
	'\b': `a backspace, from \b`, '\t': `a tabulator, \t`, '\n': `a line end, \n`, '\f': `a form feed, from \f`,
	'\r': `a carriage return, from \r`, 0x1b: `an escape, from \e`, 0x7f: "a delete",
}

// singleQuotes is the remedy for a string as it was written.
func singleQuotes(raw string, private bool) string {
	inner, isBasic := strings.CutPrefix(raw, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	if _, bad := control(inner); !isBasic || !closed || bad || !strings.Contains(inner, `\`) {
		return "Remove it."
	}
	if private || strings.Contains(inner, "'") || strings.Contains(inner, `"`) {
		return `In double quotes the backslash is special; use single quotes: 'CORP\bob'.`
	}
	return "In double quotes the backslash is special; use single quotes: '" + inner + "'."
}

// Nearest finds the word that s was probably meant to be, "" if none is near.
// Case and the marks - and _ do not count.
func Nearest(s string, words []string) string {
	plain := strings.NewReplacer("-", "", "_", "", ".", "", " ", "")
	fold := func(s string) string { return plain.Replace(strings.ToLower(s)) }
	if s = fold(s); len(s) > 40 {
		return ""
	}
	best, found := 1+len(s)/4, ""
	best = min(best, 3)
	for _, w := range words {
		if d := distance(s, fold(w)); d < best {
			best, found = d, w
		}
	}
	return found
}

// distance is the number of letters to insert, remove, change, or swap with
// the next one.
func distance(a, b string) int {
	var before []int // the row before the last one
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// List writes words as in a sentence: "a", "b" or "c".
func List(words []string, and string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + w + `"`
	}
	if len(quoted) < 2 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " " + and + " " + quoted[len(quoted)-1]
}
