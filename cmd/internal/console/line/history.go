package line

// The history keeps so many lines and characters, the last ones.
const (
	maxHistory     = 100
	maxHistorySize = 16 << 10
)

// history is what was typed before.
type history struct {
	lines []string
	size  int
	at    int    // the line shown, len(lines) = the new one
	fresh string // the new one, while another is shown
}

func (h *history) add(s string) {
	if s == "" || len(s) > maxHistorySize || len(h.lines) > 0 && h.lines[len(h.lines)-1] == s {
		return
	}
	h.lines = append(h.lines, s)
	h.size += len(s)
	for len(h.lines) > maxHistory || h.size > maxHistorySize {
		h.size -= len(h.lines[0])
		h.lines = append(h.lines[:0], h.lines[1:]...)
	}
}

// rewind begins at the new line again.
func (h *history) rewind() { h.at, h.fresh = len(h.lines), "" }

// step gives the line before (-1) or behind the one that is shown.
func (h *history) step(by int, shown string) (string, bool) {
	to := h.at + by
	if to < 0 || to > len(h.lines) {
		return "", false
	}
	if h.at == len(h.lines) {
		h.fresh = shown
	}
	h.at = to
	if to == len(h.lines) {
		return h.fresh, true
	}
	return h.lines[to], true
}
