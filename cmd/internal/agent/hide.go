package agent

import (
	"errors"
	"strings"

	"dun/dialup/cause"
)

// secretCommands are AT commands with a PIN or a password behind the "=":
// those of 3GPP TS 27.007, and of makers.
var secretCommands = []string{"+CPIN=", "+CPIN2=", "+CPWD=", "+CLCK=", "+CGAUTH=", "$QCPDPP=", "^AUTHDATA=", "+QICSGP=", "+UAUTHREQ="}

// hideAT leaves the secrets out of a command line for a modem.
func hideAT(line string) string {
	upper := upperASCII(line)
	for _, command := range secretCommands {
		for at := 0; ; {
			i := strings.Index(upper[at:], command)
			if i < 0 {
				break
			}
			at += i + len(command)
			end := len(line)
			if i := strings.IndexByte(line[at:], ';'); i >= 0 {
				end = at + i
			}
			line = line[:at] + "<hidden>" + line[end:]
			upper = upperASCII(line)
		}
	}
	return line
}

// upperASCII is s with the same length, whatever is in it.
func upperASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// hideError is err without secrets of AT commands.
func hideError(err error) error {
	var e *cause.Error
	if !errors.As(err, &e) || hideAT(e.Text()) == e.Text() {
		return err
	}
	return cause.New(e.Cause, "%s", hideAT(e.Text()))
}
