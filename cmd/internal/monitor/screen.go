package monitor

import "strconv"

// What a VT100 understands; others are ignored by those that do not know them.
const (
	enter = "\x1b[?1049h\x1b[?25l" // the other screen, without a cursor
	leave = "\x1b[?25h\x1b[?1049l"
	reset = "\x1b[0m\x1b[2J"
)

// Screen knows what a terminal shows, and what to send for it to show
// something else: at 9600 bit/s a whole screen takes two seconds.
type Screen struct {
	shown [][]rune // nil: unknown
	begun bool
}

// near is how many columns that are right already are sent once more rather
// than moving the cursor over them, which takes as much.
const near = 6

// Draw gives what makes the terminal show lines.
func (s *Screen) Draw(lines []string) []byte {
	var out []byte
	if !s.begun {
		out = append(out, enter...)
		s.begun = true
	}
	if len(s.shown) != len(lines) {
		out = append(out, reset...)
		s.shown = make([][]rune, len(lines))
	}
	for row, line := range lines {
		now := []rune(line)
		out = change(out, row, s.shown[row], now)
		s.shown[row] = now
	}
	return out
}

// change appends what makes a row that shows was show now.
func change(out []byte, row int, was, now []rune) []byte {
	for col := 0; col < len(now); {
		if same(was, now, col) {
			col++
			continue
		}
		end, right := col+1, 0 // behind the last that differs
		for i := end; i < len(now) && right < near; i++ {
			if same(was, now, i) {
				right++
			} else {
				end, right = i+1, 0
			}
		}
		out = moveTo(out, row, col)
		out = append(out, string(now[col:end])...)
		col = end
	}
	if len(was) > len(now) {
		out = append(moveTo(out, row, len(now)), "\x1b[K"...)
	}
	return out
}

// same reports whether a column is right; what was never written is blank.
func same(was, now []rune, col int) bool {
	if col < len(was) {
		return was[col] == now[col]
	}
	return now[col] == ' '
}

func moveTo(out []byte, row, col int) []byte {
	out = append(out, "\x1b["...)
	out = strconv.AppendInt(out, int64(row+1), 10)
	out = append(out, ';')
	out = strconv.AppendInt(out, int64(col+1), 10)
	return append(out, 'H')
}

// Forget makes the next Draw draw everything: the terminal has another size,
// or somebody else wrote on it.
func (s *Screen) Forget() { s.shown = nil }

// End gives what puts the terminal back.
func (s *Screen) End() []byte {
	if !s.begun {
		return nil
	}
	s.begun, s.shown = false, nil
	return []byte(leave)
}
