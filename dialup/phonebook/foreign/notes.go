package foreign

import (
	"strings"
	"unicode"

	"dun/dialup/phonebook"
)

// What notes say: text, then "|" and the remedy. "%" stands for a value that
// is no secret. The tables have the numbers of the first ones.
const (
	nothingLike = iota
	redialing
	ownProgram
	scripted
	noEAP
	noMultilink
	noCallback
	noWINS
	noDomains
	notSixDNS
	routesUnread
	otherDialing
	answering
	autoLogon
	apn
	noISDN
	noTraffic
	otherEnd
	ofModem
	odd
	notUTF8
	tooMany
	badCharacter
	badPassword
	noLogin
	noKeys
	called
	noBelow
	weaker
	classRoute
	secondServer
	seldomTunnel
	otherTunnels
	noModemOrPPTP
	notRead
	unknown
	openQuote
	elsewhere
	noSecret
	noDial
	notChat
	notAT
	keyring
	alone
	noNumber
	noSPAP
	domainOnly
)

const setPassword = "'dun phonebook set ENTRY password' asks for it."

var texts = [...]string{
	nothingLike:   "dun has nothing like this.",
	redialing:     "Redialing is what 'dun agent' does, for entries with autodial.|'dun phonebook set ENTRY autodial true' keeps it connected.",
	ownProgram:    "This runs a program.|Programs of one's own belong into ip-up.d and ip-down.d of dun's directory.",
	scripted:      "dun has no login scripts: it starts PPP when the modem is connected.|The provider has to permit logging in by PPP.",
	noEAP:         "dun has no EAP.|Let the server take MS-CHAPv2.",
	noMultilink:   "dun has no multilink and takes the first device.",
	noCallback:    "dun does not let itself be called back.",
	noWINS:        "dun does not tell anybody about WINS servers.",
	noDomains:     "dun does not set domains to search.|Use whole names.",
	notSixDNS:     "Name servers with IPv6 addresses are not taken over.|'dun phonebook set ENTRY dns ADDRESS...' sets name servers.",
	routesUnread:  "The routes are not read.|'dun phonebook set ENTRY routes NETWORK...' sets them.",
	otherDialing:  "dun does not dial for single programs, names or other connections.",
	answering:     "This is about calls that are answered.|'dun serve' answers calls; dun-server(5) has its settings.",
	autoLogon:     "Windows logs in there as whoever uses it.|" + setPassword,
	apn:           "The modem is told this by an AT command, such as AT+CGDCONT or AT+CPIN.|Write the command into init of the modem in device.toml.",
	noISDN:        "dun has no ISDN adapters that are not modems.",
	noTraffic:     "What counts as traffic cannot be chosen.",
	otherEnd:      "This is no setting of an entry.|dun-phonebook(5) has all settings.",
	ofModem:       "This is a setting of the modem, not of the entry.|Write % of device.toml.",
	odd:           "This line is neither a section nor a setting.",
	notUTF8:       "The file is no UTF-8; it was read as Windows' code page 1252.|Look at names with letters beyond ASCII.",
	tooMany:       "There are more than 256 connections.",
	badCharacter:  "The value has a character that the phonebook does not take.",
	badPassword:   "The password has characters that secrets.toml does not take, or is too long.|" + setPassword,
	noLogin:       "No way of logging in is left that dun has: MS-CHAPv2, MS-CHAP, CHAP, PAP.|The entry has MS-CHAPv2; change its auth where the server wants another.",
	noKeys:        "Encryption is required, and its keys come from MS-CHAP, which is not permitted.|The entry has MS-CHAPv2.",
	called:        "A name has letters, digits and . _ - and is there once, so the entry is called %.",
	noBelow:       "It runs over a connection that is not in the file.|'dun phonebook set ENTRY via NAME' names the one below it.",
	weaker:        "Windows may also encrypt with 56 or 40 bit there; the entry takes 128 only.|Where the server has no more: 'dun phonebook set ENTRY mppe 128-stateless 56-stateless 40-stateless'.",
	classRoute:    "Windows goes on from the class of the address that it gets; which networks are behind the server is not in the file.|'dun phonebook set ENTRY routes NETWORK...' sets them.",
	secondServer:  "An entry has one server; this second one is not tried.|Make another entry for it.",
	seldomTunnel:  "It is L2TP, SSTP or IKEv2; dun has PPTP only.",
	otherTunnels:  "Windows tries other tunnels beside PPTP; dun has PPTP only.",
	noModemOrPPTP: "This is no connection by modem or PPTP.",
	notRead:       "The file % was not read: only files that are given are.|Give it as well.",
	unknown:       "This is no option that is known here.",
	openQuote:     "A quote is not closed.",
	elsewhere:     "The password is in a file of its own, which is not read.|" + setPassword,
	noSecret:      "None of the secrets is for this user.|" + setPassword,
	noDial:        "There is neither a number to dial nor a PPTP server in it.",
	notChat:       "The program is not chat, so what it dials is not known.|Add the number by hand.",
	notAT:         "The script sends something that is no AT command.",
	keyring:       "The password is in a keyring, not in the file.|" + setPassword,
	alone:         "These name servers are taken alone, not beside those that the other end tells.",
	noNumber:      "The file has no number; *99# was taken, which most networks for mobile data have.",
	noSPAP:        "dun has no SPAP, EAP or MS-CHAP for Windows 95.|The other ways of logging in stay.",
	domainOnly:    "There is a domain without a user.",
}

// note says that something was not carried over.
func (r *reader) note(at *item, n int, value string) {
	text, remedy, _ := strings.Cut(texts[n], "|")
	r.problem(at, strings.Replace(text, "%", value, 1), strings.Replace(remedy, "%", value, 1))
}

func (r *reader) problem(at *item, text, remedy string) {
	if len(r.notes) >= maxNotes {
		return
	}
	key := at.section
	if key == "" || at.key == "" {
		key += at.key
	} else {
		key += "." + at.key
	}
	p := phonebook.Problem{File: clean(at.file), Line: at.line, Key: clean(key), Text: clean(text), Remedy: clean(remedy), Warning: true}
	if at.line > 0 {
		p.Column = 1
	}
	for i := range r.notes {
		if r.notes[i] == p {
			return
		}
	}
	r.notes = append(r.notes, p)
}

// clean makes a file's words safe for a terminal.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return '?'
		}
		return c
	}, s)
}
