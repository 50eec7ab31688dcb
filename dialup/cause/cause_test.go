package cause

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	kebab      = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	isSentence = regexp.MustCompile(`^([A-Z]|'dun )[^\n\t]*[^. ]\.$`)
)

// TestTableIsComplete looks at every row: what programs and people read.
func TestTableIsComplete(t *testing.T) {
	if len(All()) != len(table)-1 || len(table) != int(LowerLinkDown)+1 {
		t.Fatalf("%d causes, %d rows, the last cause is %d", len(All()), len(table), LowerLinkDown)
	}
	names := make(map[string]Cause)
	sentences := make(map[string]Cause)
	for i, row := range table {
		c := Cause(i)
		if !kebab.MatchString(row.Name) {
			t.Errorf("cause %d has the name %q", i, row.Name)
			continue
		}
		if other, taken := names[row.Name]; taken {
			t.Errorf("%d and %d are both called %s", other, c, row.Name)
		}
		if other, taken := sentences[row.Sentence]; taken {
			t.Errorf("%v and %v have the same sentence", other, c)
		}
		names[row.Name], sentences[row.Sentence] = c, c
		if !isSentence.MatchString(row.Sentence) {
			t.Errorf("%s: %q is not a sentence", row.Name, row.Sentence)
		}
		if row.Remedy != "" && !isSentence.MatchString(row.Remedy) {
			t.Errorf("%s: the remedy %q is not a sentence", row.Name, row.Remedy)
		}
		if row.Retry > RetryNext {
			t.Errorf("%s: retry %d", row.Name, row.Retry)
		}
		if row.Retry == RetryNever && c != None && c != UserRequest && c != Cancelled && row.Remedy == "" {
			t.Errorf("%s stops for good and does not say what to do", row.Name)
		}
	}
}

// TestExitCodes: pppd's, 0 to 19 (pppd(8), EXIT STATUS); nothing that fails
// may look like success.
func TestExitCodes(t *testing.T) {
	for _, c := range All() {
		if exit := c.Info().Exit; exit < 1 || exit > 19 {
			t.Errorf("%v has exit code %d", c, exit)
		}
	}
	for c, exit := range map[Cause]int{
		None: 0, BadConfig: 2, NoPermission: 3, NoTUN: 4, UserRequest: 5, PortBusy: 6, PortMissing: 7, NoAnswer: 8, LCPFailed: 10,
		PeerAuthFailed: 11, IdleTimeout: 12, TimeLimit: 13, EchoTimeout: 15, CarrierLost: 16, Loopback: 17, ModemInit: 18, AuthFailed: 19,
	} {
		if got := c.Info().Exit; got != exit {
			t.Errorf("%v has exit code %d, pppd's is %d", c, got, exit)
		}
	}
}

// rasNumbers are the errors of Windows that technicians look up (raserror.h
// and the error list of Dial-Up Networking), and 5, access denied.
var rasNumbers = []int{
	5, 606, 610, 619, 623, 628, 629, 631, 633, 638, 645, 646, 647, 648, 649, 650, 651, 676, 678, 680, 691, 692, 703, 711, 718, 720, 721,
	734, 735, 741, 742, 756, 800, 806, 807, 809, 828, 868, 919,
}

func TestRASNumbers(t *testing.T) {
	for _, c := range All() {
		if n := c.Info().RAS; n != 0 && !slices.Contains(rasNumbers, n) {
			t.Errorf("%v has the number %d, which is in no list", c, n)
		}
	}
	for c, n := range map[Cause]int{
		CarrierLost: 628, PeerHangup: 629, PortBusy: 633, AccountHours: 646, AccountDisabled: 647, PasswordExpired: 648, NoDialInRight: 649,
		ModemError: 651, Busy: 676, NoAnswer: 678, NoDialTone: 680, AuthFailed: 691, LCPTimeout: 718, NoNetworkProtocol: 720, NoGRE: 721,
		LCPFailed: 734, EncryptionRefused: 741, EncryptionLost: 742, HostUnreachable: 800, ConnectRefused: 800, ConnectTimeout: 800,
		ControlProtocol: 806, ControlLost: 807,
	} {
		if got := c.Info().RAS; got != n {
			t.Errorf("%v has the number %d, want %d", c, got, n)
		}
	}
}

// TestRetry: what a retry loop must never do, and what it has to.
func TestRetry(t *testing.T) {
	for _, c := range []Cause{AuthFailed, AuthRefused, AccountDisabled, PasswordExpired, NoDialInRight, UserRequest, BadConfig, NoEntry, PeerNotAuthentic, EncryptionRefused} {
		if c.Info().Retry != RetryNever {
			t.Errorf("%v is dialed again", c)
		}
	}
	for _, c := range []Cause{Busy, NoAnswer, Blacklisted, NameNotFound, NoGRE, ConnectTimeout, ModemSilent} {
		if c.Info().Retry != RetryNext {
			t.Errorf("%v does not wait for the next try", c)
		}
	}
	for _, c := range []Cause{CarrierLost, EchoTimeout, ControlLost, LowerLinkDown, PeerHangup} {
		if c.Info().Retry != RetryAtOnce {
			t.Errorf("%v does not redial at once", c)
		}
	}
}

func TestOf(t *testing.T) {
	wrapped := Wrap(PortBusy, io.ErrUnexpectedEOF, "port %s", "x")
	for _, c := range []struct {
		err  error
		want Cause
	}{
		{nil, None}, {io.EOF, Internal}, {Busy, Busy}, {New(Busy, "555"), Busy}, {wrapped, PortBusy},
		{fmt.Errorf("a: %w", fmt.Errorf("b: %w", wrapped)), PortBusy}, {fmt.Errorf("a: %w", NoGRE), NoGRE},
		{errors.Join(io.EOF, NoAnswer), NoAnswer},
	} {
		if got := Of(c.err); got != c.want {
			t.Errorf("%v: %v, want %v", c.err, got, c.want)
		}
	}
	if !errors.Is(wrapped, io.ErrUnexpectedEOF) || !errors.Is(wrapped, PortBusy) || errors.Is(wrapped, Busy) {
		t.Error("a wrapped error is both its cause and what the system said")
	}
	for _, part := range []string{PortBusy.Info().Sentence, "port x", io.ErrUnexpectedEOF.Error()} {
		if part = strings.TrimSuffix(part, "."); !strings.Contains(wrapped.Error(), part) {
			t.Errorf("%q does not say %q", wrapped.Error(), part)
		}
	}
}

func TestUnknownCause(t *testing.T) {
	if c := Cause(255); c.String() != "internal" || c.Info().Exit == 0 || c.Error() == "" {
		t.Errorf("%v", Cause(255).Info())
	}
}
