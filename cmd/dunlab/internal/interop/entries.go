package interop

import (
	"maps"

	"dun/cmd/dunlab/internal/device"
)

// The phonebook's entries.
const (
	ispEntry    = "isp"
	officeEntry = "office"
)

// with is t with other settings; nil takes one out.
func with(t, other device.Table) device.Table {
	t = maps.Clone(t)
	for k, v := range other {
		if v == nil {
			delete(t, k)
			continue
		}
		t[k] = v
	}
	return t
}

// ispTable calls the ISP over the modem.
func ispTable() device.Table {
	return device.Table{
		"device": "modem",
		"modem":  "line1",
		"phone":  []string{ispNumber},
		"user":   alice,
		"routes": []string{ispBehind.Masked().String()},
	}
}

// officeTable calls the office's PPTP server.
func officeTable() device.Table {
	return device.Table{
		"device":     "vpn",
		"protocol":   "pptp",
		"host":       pptpdWAN.Addr().String(),
		"user":       alice,
		"auth":       []string{"ms-chap-v2"},
		"encryption": "require",
		"mppe":       []string{"128-stateless"},
		"routes":     []string{officeBehind.Masked().String()},
	}
}

// config is the configuration with entries and alice's password for each.
func config(entries map[string]device.Table) device.Config {
	c := device.Config{Entries: entries, Secrets: map[string]string{}}
	for name := range entries {
		c.Secrets[name] = alicePassword
	}
	return c
}

// withModem adds the modem at port.
func withModem(c device.Config, port string) device.Config {
	c.Modems = map[string]device.Table{"line1": {"port": port}}
	return c
}
