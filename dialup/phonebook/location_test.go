package phonebook

import (
	"strings"
	"testing"
)

// TestDialRules: what is dialed from where.
func TestDialRules(t *testing.T) {
	berlin := Location{Country: "49", Area: "30", Outside: "0,", OutsideLong: "9,", LongDistance: "0", International: "00"}
	boston := Location{Country: "1", Area: "617", LongDistance: "1", International: "011", Dialing: "P", CallWaiting: "*70,"}
	copenhagen := Location{Country: "45", International: "00"}
	for _, c := range []struct {
		here   Location
		number string
		rule   DialRule
		want   string
	}{
		{berlin, "+49 (30) 555-0100", DialAuto, "0,5550100"},
		{berlin, "+49 (89) 5550100", DialAuto, "9,0895550100"},
		{berlin, "+1 (617) 555 0100", DialAuto, "9,0016175550100"},
		{berlin, "+4930/5550100", DialAuto, "9,0305550100"}, // the area code cannot be told
		{berlin, "+45 55501000", DialAuto, "9,004555501000"},
		{berlin, "5550100", DialAuto, "5550100"},
		{berlin, "0,030 5550100", DialAuto, "0,030 5550100"},
		{berlin, "*99#", DialAuto, "*99#"},
		{berlin, "+49 (30) 5550100", DialExactly, "+49 (30) 5550100"},
		{berlin, "555 0100", DialLocal, "0,5550100"},
		{berlin, "+49 (89) 5550100", DialLocal, "0,5550100"},
		{berlin, "(89) 5550100", DialLong, "9,0895550100"},
		{berlin, "89 5550100", DialLong, "9,0895550100"},
		{berlin, "+49 (30) 5550100", DialLong, "9,0305550100"},
		{berlin, "+49 (30) 5550100,,42#", DialAuto, "0,5550100,,42#"},
		{boston, "+1 (617) 5550100", DialAuto, "P*70,5550100"},
		{boston, "+1 (617) 5550100", DialLong, "P*70,16175550100"},
		{boston, "+1 (206) 5550100", DialAuto, "P*70,12065550100"},
		{boston, "+49 (30) 5550100", DialAuto, "P*70,01149305550100"},
		{boston, "5550100", DialAuto, "5550100"},
		{copenhagen, "+45 55501000", DialAuto, "55501000"},
		{copenhagen, "+49 (30) 5550100", DialAuto, "0049305550100"},
	} {
		if got := c.here.compose(c.number, c.rule); got != c.want {
			t.Errorf("%q, %v, from +%s (%s): %q, want %q", c.number, c.rule, c.here.Country, c.here.Area, got, c.want)
		}
	}
}

const somewhere = "[location.hq]\ncountry = '49'\narea = '30'\noutside = '0,'\nlong-distance = '0'\n"

const isp = "[entry.isp]\ndevice = 'modem'\nmodem = 'm'\nphone = ['+49 (89) 5550100']\n"

func TestLocations(t *testing.T) {
	b, _ := mustParse(t, isp+somewhere, "")
	if e, _ := b.Entry("isp"); e.Dial[0] != "+49 (89) 5550100" || len(b.Locations()) != 1 {
		t.Errorf("without a choice %q is dialed", e.Dial)
	}
	for choice, want := range map[string]string{"hq": "0,0895550100", "none": "+49 (89) 5550100"} {
		b, _ = mustParse(t, "[dialing]\nlocation = '"+choice+"'\n"+isp+somewhere, "")
		e, _ := b.Entry("isp")
		if here, ok := b.Location(); e.Dial[0] != want || ok != (choice == "hq") || ok && here.OutsideLong != "0," {
			t.Errorf("%s: %q is dialed, location %+v", choice, e.Dial, here)
		}
		if !strings.Contains(Describe(e), "dials "+want) {
			t.Error(Describe(e))
		}
	}
}

func TestWrongLocations(t *testing.T) {
	for text, says := range map[string]string{
		"[dialing]\nlocation = 'home'\n":                                                          `phonebook.toml:2:12: dialing.location: There is no location "home". Choose "none"`,
		"[dialing]\nlocation = 'home'\n" + somewhere:                                              `Choose "hq" or "none"`,
		"[dialing]\nplace = 'home'\n":                                                             "There is no such setting",
		"[location.x]\n":                                                                          "phonebook.toml:1:2: location.x.country: The location does not say in which country it is. Write country",
		"[location.x]\ncountry = '+49'\n":                                                         `location.x.country: This cannot be dialed there. Write for example: country = "49"`,
		"[location.x]\ncountry = '1'\narea = 'x'\n":                                               "location.x.area",
		"[location.x]\ncountry = '1'\noutside = \"9;\"\n":                                         "location.x.outside",
		"[location.x]\ncountry = '1'\ndialing = 'loud'\n":                                         `Choose "tone" or "pulse"`,
		"[location.x]\ncountry = '1'\nlong-distance = '" + strings.Repeat("0", 17) + "'\n":        "location.x.long-distance",
		isp + "dial-as = 'fast'\n":                                                                `entry.isp.dial-as: "fast" is not known here`,
		"[entry.o]\ndevice='vpn'\nhost='h'\nuser='u'\nroutes=['10.0.0.0/8']\ndial-as = 'local'\n": `entry.o.dial-as: An entry with device = "vpn" has no dial-as`,
	} {
		_, _, err := Parse([]byte(text), nil)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n%v, want %q", text, err, says)
		}
	}
	for text, says := range map[string]string{
		isp + "dial-as = 'local'\n": "No dialing location is chosen",
		"[dialing]\nlocation = 'hq'\n" + somewhere + strings.Replace(isp, "(89)", "89", 1): "The area code of \"+49 89 5550100\" cannot be told",
	} {
		b, _ := mustParse(t, text, "")
		if ws := b.Warnings(); len(ws) != 1 || !strings.Contains(ws[0].Text, says) {
			t.Errorf("%s\n%+v, want %q", text, ws, says)
		}
	}
}
