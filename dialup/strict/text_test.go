package strict

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"default-route", "device", "hayes", "ms-chap-v2", "ms-chap", "pap"}
	for s, want := range map[string]string{
		"defaultroute": "default-route", "Default_Route": "default-route", "devise": "device", "hayse": "hayes", "haye": "hayes",
		"mschapv2": "ms-chap-v2", "mschap": "ms-chap", "PAP": "pap", "pab": "", "eap": "", "": "", "nonsense": "", "xyz": "", "hyes": "hayes",
	} {
		if got := Nearest(s, words); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestList(t *testing.T) {
	for want, words := range map[string][]string{"": nil, `"a"`: {"a"}, `"a" or "b"`: {"a", "b"}, `"a", "b" or "c"`: {"a", "b", "c"}} {
		if got := List(words, "or"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
