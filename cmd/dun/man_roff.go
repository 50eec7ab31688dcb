//go:build man

package main

import (
	"fmt"
	"strings"
)

// roff writes a page with the man(7) macros.
type roff struct {
	strings.Builder
	headed bool // a heading stands right before, which begins a paragraph by itself
}

// date is that of the pages, set by the linker.
var date string

func newRoff(name string, section int) *roff {
	r := new(roff)
	fmt.Fprintf(r, ".\\\" Made by 'make man'.\n.TH %s %d \"%s\" \"dun %s\" \"dial-up networking\"\n", strings.ToUpper(name), section, date, version)
	return r
}

func (r *roff) section(title string)    { r.heading("SH", title) }
func (r *roff) subsection(title string) { r.heading("SS", title) }

func (r *roff) heading(macro, title string) {
	fmt.Fprintf(r, ".%s %s\n", macro, quoteRoff(title))
	r.headed = true
}

func (r *roff) line(s string) {
	r.WriteString(escape(s) + "\n")
	r.headed = false
}

// begin begins a paragraph.
func (r *roff) begin() {
	if !r.headed {
		r.WriteString(".PP\n")
	}
	r.headed = false
}

func (r *roff) paragraph(s string) {
	r.begin()
	r.line(s)
}

// item is a term and what it means.
func (r *roff) item(term, meaning string) {
	r.WriteString(".TP\n.B " + quoteRoff(term) + "\n")
	r.line(meaning)
}

// synopsis writes a usage line: what is typed as it is in bold.
func (r *roff) synopsis(usage string) {
	var words []string
	for _, w := range strings.Fields(usage) {
		if strings.ToLower(w) == w {
			words = append(words, `\fB`+escape(w)+`\fP`)
		} else {
			words = append(words, `\fI`+escape(w)+`\fP`)
		}
	}
	r.WriteString(strings.Join(words, " ") + "\n")
}

func (r *roff) flags(flags *flagSet) {
	flags.VisitAll(func(f *flag) {
		term := "--" + f.name
		if f.short != 0 {
			term = "-" + string(rune(f.short)) + ", " + term
		}
		value, meaning := f.unquote()
		if value != "" {
			term += " " + strings.ToUpper(value)
			if f.preset != "" {
				meaning += " (default " + f.preset + ")"
			}
		}
		r.item(term, meaning)
	})
}

// setting is one setting of a file, or several with one meaning.
func (r *roff) setting(lines []string, meaning string) {
	for i, l := range lines {
		if i == 0 {
			r.WriteString(".TP\n")
		} else {
			r.WriteString(".TQ\n")
		}
		r.WriteString(".B " + quoteRoff(l) + "\n")
	}
	r.line(meaning)
}

// text writes a text: "# Heading", "## Heading below", "* term" with its
// meaning in the lines behind it that begin with two blanks, lines with four
// blanks as they are, and paragraphs between empty lines.
func (r *roff) text(s string) {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	fresh := true // a paragraph begins
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		switch {
		case strings.HasPrefix(l, "# "):
			r.section(l[2:])
		case strings.HasPrefix(l, "## "):
			r.subsection(l[3:])
		case strings.HasPrefix(l, "* "):
			meaning := ""
			for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
				i++
				meaning += " " + strings.TrimSpace(lines[i])
			}
			r.item(l[2:], strings.TrimSpace(meaning))
		case strings.HasPrefix(l, "    "):
			r.begin()
			r.WriteString(".RS 4\n.nf\n")
			for ; i < len(lines) && (strings.HasPrefix(lines[i], "    ") || lines[i] == "" && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    ")); i++ {
				r.line(strings.TrimPrefix(lines[i], "    "))
			}
			i--
			r.WriteString(".fi\n.RE\n")
		case l == "":
		default:
			if fresh {
				r.begin()
			}
			r.line(l)
			fresh = false
			continue
		}
		fresh = true
	}
}

// escape makes text safe for roff: backslashes, hyphens that are to be copied,
// and lines that would be requests.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}

func quoteRoff(s string) string { return `"` + strings.ReplaceAll(escape(s), `"`, `\(dq`) + `"` }
