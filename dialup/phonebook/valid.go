package phonebook

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
)

// badNumber says why a telephone number cannot be dialed, "" if it can. The
// characters are those of V.250 section 6.3.1, and what people write between
// them. A ';' would leave the modem in command state.
func badNumber(s string) string {
	if len(s) > 64 {
		return "The number is longer than 64 characters."
	}
	digits := false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9' || strings.ContainsRune("ABCDabcd*#", r):
			digits = true
		case strings.ContainsRune("+,WwTtPp@!$& ()-./", r):
		default:
			return fmt.Sprintf("The character %q cannot be dialed.", r)
		}
	}
	if !digits {
		return "The number has no digits."
	}
	return ""
}

// badHost says why a server's name cannot be right, and what to write: an
// IPv4 address, or a name as in RFC 1123 section 2.1 (and with underscores,
// which are in use).
func badHost(s string) (text, remedy string) {
	const example = `Write a name or an IPv4 address, for example "vpn.example.com".`
	if s == "" {
		return "The host is empty.", example
	}
	if addr, err := netip.ParseAddr(s); err == nil {
		switch {
		case !addr.Is4():
			return "PPTP is called over IPv4.", "Give the server's IPv4 address or its name."
		case addr.IsUnspecified() || addr.IsMulticast():
			return "This is no address of a server.", example
		}
		return "", ""
	}
	if scheme, rest, is := strings.Cut(s, "://"); is {
		return fmt.Sprintf("This is a URL (%s).", scheme), fmt.Sprintf("Write only the name: %q.", strings.TrimRight(rest, "/"))
	}
	if name, port, is := strings.Cut(s, ":"); is && port != "" && strings.Trim(port, "0123456789") == "" {
		return "PPTP has a port of its own, 1723; another cannot be chosen.", fmt.Sprintf("Write only the name: %q.", name)
	}
	name := strings.TrimSuffix(s, ".")
	if len(name) > 253 {
		return "The name is longer than 253 characters.", ""
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if text := badLabel(label); text != "" {
			return text, example
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return "This is neither a name nor an IPv4 address.", example
	}
	return "", ""
}

func badLabel(label string) string {
	switch {
	case label == "":
		return "The name has an empty part."
	case len(label) > 63:
		return "A part of the name is longer than 63 characters."
	case label[0] == '-' || label[len(label)-1] == '-':
		return "A part of the name begins or ends with '-'."
	}
	for _, r := range label {
		switch {
		case r > unicode.MaxASCII:
			return fmt.Sprintf("The character %q is not in names on the wire, which write it as xn--...", r)
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_':
		default:
			return fmt.Sprintf("The character %q cannot be in a host's name.", r)
		}
	}
	return ""
}

// BadInterface says why Linux does not take a name for a network interface,
// and what to write; both are "" if it does. One "%d" in it stands for the
// first free number.
func BadInterface(s string) (text, remedy string) {
	const example = `Write for example "vpn0", or "ppp%d" for the first free number.`
	plain := strings.Replace(s, "%d", "0", 1)
	switch {
	case s == "":
		return "The interface's name is empty.", example
	case len(s) > 15: // IFNAMSIZ is 16 with the closing zero
		return "The interface's name is longer than 15 characters.", example
	case plain == "." || plain == "..":
		return "This cannot be an interface's name.", example
	}
	for _, r := range plain {
		if r <= ' ' || r > '~' || strings.ContainsRune("/:%", r) {
			return fmt.Sprintf("The character %q cannot be in an interface's name.", r), example
		}
	}
	return "", ""
}
