package ppp

import (
	"fmt"
	"testing"
	"time"

	"dun/dialup/cause"
)

var allPolicies = []struct {
	name string
	p    Policy
}{{"require", Require}, {"prefer", Prefer}, {"allow", Allow}, {"deny", Deny}}

// TestPolicies runs every pair of policies with keys at hand.
func TestPolicies(t *testing.T) {
	for _, pa := range allPolicies {
		for _, pb := range allPolicies {
			t.Run(pa.name+"-"+pb.name, func(t *testing.T) {
				a, b := callerConfig(3), answererConfig(3)
				a.Encryption, b.Encryption = pa.p, pb.p
				r := newRig(t, a, b)
				r.open()
				if (pa.p == Require && pb.p == Deny) || (pa.p == Deny && pb.p == Require) {
					if pa.p == Require {
						wantClosed(r, r.a, cause.EncryptionRefused)
					} else {
						wantClosed(r, r.b, cause.EncryptionRefused)
					}
					return
				}
				mustUp(r)
				if r.now.Sub(epoch) > 2*time.Second {
					r.dump()
					t.Errorf("took %v", r.now.Sub(epoch))
				}
				r.run(time.Minute)
				encrypted := pa.p != Deny && pb.p != Deny && (pa.p != Allow || pb.p != Allow)
				if got := r.a.Compressor() != nil; got != encrypted || got != (r.b.Compressor() != nil) {
					r.dump()
					t.Fatalf("encrypted %v, want %v", got, encrypted)
				}
				if encrypted {
					keysFit(t, r.a, r.b)
				}
				if r.a.PlainAllowed() == encrypted {
					t.Error("PlainAllowed is wrong")
				}
				if !r.a.up() || !r.b.up() {
					r.dump()
					t.Error("went down again")
				}
			})
		}
	}
}

// TestMethods runs every way of authentication, in one and in both directions.
func TestMethods(t *testing.T) {
	for m := AuthPAP; m <= AuthMSCHAPv2; m++ {
		for _, mutual := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v-%v", m, mutual), func(t *testing.T) {
				a, b := callerConfig(4), answererConfig(4)
				a.Accept, b.Require = []Auth{m}, []Auth{m}
				a.Encryption, b.Encryption = Prefer, Allow
				if mutual {
					a.Require, b.Accept = []Auth{m}, []Auth{m}
					a.Users = userMap{"server": {Password: "other"}}
					b.Secret.Password = "other"
				}
				r := newRig(t, a, b)
				r.open()
				mustUp(r)
				r.run(time.Second)
				if st := r.b.Status(); st.Auth != m || st.User != `CORP\alice` {
					t.Errorf("answerer's status %+v", st)
				}
				if want := m >= AuthMSCHAP; (r.a.Compressor() != nil) != want {
					r.dump()
					t.Fatalf("encrypted %v, want %v", !want, want)
				} else if want {
					keysFit(t, r.a, r.b)
				}
			})
		}
	}
}

// TestModes runs lists of MPPE modes against each other.
func TestModes(t *testing.T) {
	sl, sf := MPPEMode{128, true}, MPPEMode{128, false}
	sl40, sf40, sl56 := MPPEMode{40, true}, MPPEMode{40, false}, MPPEMode{56, true}
	lists := [][]MPPEMode{{sl}, {sf}, {sl, sf}, {sf, sl}, {sl40}, {sl, sl40}, {sl40, sl}, {sl, sl56, sl40, sf, sf40}, {sf40, sf}}
	for _, la := range lists {
		for _, lb := range lists {
			for _, pb := range []Policy{Require, Allow} {
				t.Run(fmt.Sprint(la, lb, pb), func(t *testing.T) {
					a, b := callerConfig(5), answererConfig(5)
					a.MPPE, b.MPPE, b.Encryption = la, lb, pb
					r := newRig(t, a, b)
					r.open()
					common := map[MPPEMode]bool{}
					for _, x := range la {
						for _, y := range lb {
							if x == y {
								common[x] = true
							}
						}
					}
					if len(common) == 0 {
						r.run(2 * time.Minute)
						ca, _ := last[Closed](r.a)
						cb, _ := last[Closed](r.b)
						if ca.Cause != cause.EncryptionRefused && cb.Cause != cause.EncryptionRefused {
							r.dump()
							t.Errorf("closed with %v and %v", ca, cb)
						}
						return
					}
					mustUp(r)
					keysFit(t, r.a, r.b)
					if m := r.a.Status().Mode; !common[m] {
						t.Errorf("mode %v is not common", m)
					}
					if r.now.Sub(epoch) > 20*time.Second {
						r.dump()
						t.Errorf("took %v", r.now.Sub(epoch))
					}
				})
			}
		}
	}
}
