package at

import (
	"strings"

	"dun/dialup/cause"
)

// Code is a result code (V.250 section 5.7.1), or what modems have added.
type Code uint8

const (
	NoResult Code = iota // the line is no result code
	OK
	Connect
	Ring
	NoCarrier
	Error
	NoDialTone
	Busy
	NoAnswer
	Delayed
	Blacklisted
	Voice    // somebody spoke
	Progress // an intermediate result: CARRIER 33600, PROTOCOL: LAPM, RINGING
)

var codeNames = [...]string{"", "OK", "CONNECT", "RING", "NO CARRIER", "ERROR", "NO DIALTONE", "BUSY", "NO ANSWER",
	"DELAYED", "BLACKLISTED", "VOICE", "progress"}

func (c Code) String() string {
	if int(c) < len(codeNames) {
		return codeNames[c]
	}
	return "?"
}

// Final reports whether c ends the answer to a command.
func (c Code) Final() bool { return c != NoResult && c != Ring && c != Progress }

// Cause is what c means as the end of a call that was being set up: None for
// Connect and for what does not end it.
func (c Code) Cause() cause.Cause {
	switch c {
	case NoCarrier, Voice:
		return cause.NoCarrier
	case Error, OK: // OK: the modem took the number and did not dial
		return cause.ModemError
	case NoDialTone:
		return cause.NoDialTone
	case Busy:
		return cause.Busy
	case NoAnswer:
		return cause.NoAnswer
	case Delayed:
		return cause.Delayed
	case Blacklisted:
		return cause.Blacklisted
	}
	return cause.None
}

// Result is a line that was understood as a result code.
type Result struct {
	Code  Code
	Text  string // as the modem said it; in words where it said a number
	Speed int    // bit/s, 0 where the line has none
}

// words are the result codes as they begin a line. What follows has to be the
// end, a blank or punctuation. Longer ones stand before their own beginnings.
var words = [...]struct {
	text string
	code Code
}{
	{"OK", OK},
	{"CONNECT", Connect},
	{"RING", Ring},
	{"NO CARRIER", NoCarrier},
	{"ERROR", Error},
	{"+CME ERROR", Error},
	{"+CMS ERROR", Error},
	{"COMMAND NOT SUPPORT", Error},
	{"COMMAND NOT SUPPORTED", Error},
	{"+CRING", Ring},
	{"NO DIALTONE", NoDialTone},
	{"NO DIAL TONE", NoDialTone},
	{"BUSY", Busy},
	{"LINE IN USE", Busy},
	{"NO ANSWER", NoAnswer},
	{"DELAYED", Delayed},
	{"BLACKLISTED", Blacklisted},
	{"BLACK LISTED", Blacklisted},
	{"VOICE", Voice},
	{"CARRIER", Progress},
	{"PROTOCOL", Progress},
	{"COMPRESSION", Progress},
	{"RINGING", Progress},
	{"RINGBACK", Progress},
	{"DIALING", Progress},
	{"PROCEEDING", Progress},
}

// numbers are the numeric result codes (V.250 section 6.2.5 for 0 to 8, the
// usage of the Rockwell command set beyond, on which makers differ).
var numbers = map[string]string{
	"0": "OK", "1": "CONNECT", "2": "RING", "3": "NO CARRIER", "4": "ERROR", "5": "CONNECT 1200",
	"6": "NO DIALTONE", "7": "BUSY", "8": "NO ANSWER", "9": "CONNECT 600", "10": "CONNECT 2400",
	"11": "CONNECT 4800", "12": "CONNECT 9600", "13": "CONNECT 7200", "14": "CONNECT 12000",
	"15": "CONNECT 14400", "16": "CONNECT 19200", "17": "CONNECT 38400", "18": "CONNECT 57600",
	"19": "CONNECT 115200", "22": "CONNECT 1200", "23": "CONNECT 1200", "24": "DELAYED",
	"32": "BLACKLISTED", "40": "CARRIER 300", "44": "CARRIER 1200", "46": "CARRIER 1200",
	"47": "CARRIER 2400", "48": "CARRIER 4800", "50": "CARRIER 9600", "51": "CARRIER 12000",
	"52": "CARRIER 14400", "53": "CARRIER 16800", "54": "CARRIER 19200", "55": "CARRIER 21600",
	"56": "CARRIER 24000", "57": "CARRIER 26400", "58": "CARRIER 28800", "59": "CONNECT 16800",
	"61": "CONNECT 21600", "62": "CONNECT 24000", "63": "CONNECT 26400", "64": "CONNECT 28800",
	"66": "COMPRESSION", "67": "COMPRESSION", "69": "COMPRESSION", "70": "PROTOCOL", "77": "PROTOCOL",
	"78": "CARRIER 31200", "79": "CARRIER 33600", "80": "PROTOCOL", "84": "CONNECT 33600", "91": "CONNECT 31200",
}

// ParseResult reads one line, without its line end, as a result code; numeric
// says whether a number is taken for one. ok is false for any other text.
func ParseResult(line string, numeric bool) (r Result, ok bool) {
	line = strings.TrimSpace(line)
	if numeric {
		if word, found := numbers[line]; found {
			line = word
		}
	}
	for _, w := range words {
		if rest, found := cutWord(line, w.text); found {
			return Result{Code: w.code, Text: line, Speed: speedIn(rest)}, true
		}
	}
	return Result{}, false
}

// cutWord cuts word off the front of line, in any case of letters.
func cutWord(line, word string) (rest string, ok bool) {
	if len(line) < len(word) || !strings.EqualFold(line[:len(word)], word) {
		return "", false
	}
	rest = line[len(word):]
	if rest == "" || strings.IndexByte(" /:;,.-_\t", rest[0]) >= 0 || rest[0] >= '0' && rest[0] <= '9' {
		return rest, true
	}
	return "", false
}

// speedIn finds the first number of at least 3 digits: " 33600/ARQ/V34".
func speedIn(s string) int {
	for i := 0; i < len(s); {
		n, start := 0, i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1e8 {
			n = n*10 + int(s[i]-'0')
			i++
		}
		if i-start >= 3 {
			return n
		}
		i++
	}
	return 0
}

// Number gives the numeric form of a result code in words, false where there
// is none. Of several the lowest is given.
func Number(word string) (number string, ok bool) {
	for n, w := range numbers {
		if w == word && (!ok || len(n) < len(number) || len(n) == len(number) && n < number) {
			number, ok = n, true
		}
	}
	return number, ok
}
