package bench

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	all, err := choose(nil)
	if err != nil || len(all) != len(Parts()) {
		t.Errorf("%d parts, %v", len(all), err)
	}
	some, err := choose([]string{"micro", "peers"})
	if err != nil || len(some) != 2 || some[0].Name != "peers" {
		t.Errorf("%+v %v", some, err)
	}
	if _, err := choose([]string{"nothing"}); err == nil || !strings.Contains(err.Error(), "hostpair") {
		t.Errorf("%v", err)
	}
}

func TestOptionsGoBeforeThePlan(t *testing.T) {
	p := Plan{Kinds: []string{"a"}, Loads: []string{TCPUp}, Rounds: 3, Rate: 7}
	if got := (&Env{}).plan(p); got.Rounds != 3 || got.Kinds[0] != "a" || got.Rate != 7 {
		t.Errorf("%+v", got)
	}
	e := &Env{Options: Options{Rounds: 1, Rate: 2, Kinds: []string{"b"}, Loads: []string{TCPDown}}}
	if got := e.plan(p); got.Rounds != 1 || got.Kinds[0] != "b" || got.Loads[0] != TCPDown || got.Rate != 2 {
		t.Errorf("%+v", got)
	}
}
