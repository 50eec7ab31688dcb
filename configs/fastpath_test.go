package configs

import (
	"testing"
	"time"

	"dun/dialup/path"
	"dun/dialup/strict"
)

func TestFastPath(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name, text string
		memory     uint64
		want       path.Config
	}{
		{"unknown memory", "", 0, path.Config{Small: 192, Large: 4, Batch: 64}},
		{"16 MiB", "", 13 * mib, path.Config{Small: 64, Large: 1, Batch: 16}},
		{"64 MiB", "", 58 * mib, path.Config{Small: 192, Large: 4, Batch: 64}},
		{"256 MiB", "", 240 * mib, path.Config{Small: 512, Large: 8, Batch: 128}},
		{"64 GiB", "", 64 << 30, path.Config{Small: 512, Large: 8, Batch: 128}},
		{"off", "batch = false\noffload = false\nlinger = 0\nscheduling = 'ordinary'", 58 * mib,
			path.Config{Small: 192, Large: 4, Batch: 1, Linger: -1, Ordinary: true}},
		{"all set", "small-buffers = 100\nlarge-buffers = 3\nbatch-size = 33\nlinger = '2ms'\nscheduling = 'batch'", 58 * mib,
			path.Config{Small: 100, Large: 3, Batch: 33, Linger: 2 * time.Millisecond}},
		{"few buffers", "small-buffers = 16", 58 * mib, path.Config{Small: 16, Large: 4, Batch: 5}},
		{"large batch", "batch-size = 100", 13 * mib, path.Config{Small: 300, Large: 1, Batch: 100}},
	} {
		d, problems := readDevice(strict.Parse("device.toml", []byte("[fast-path]\n"+c.text), false), "")
		if len(problems) > 0 {
			t.Errorf("%s: %v", c.name, problems)
		}
		if got := d.FastPath.Loop(c.memory); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		if off := c.name == "off"; d.FastPath.NoOffload != off || d.FastPath.NoBatch != off {
			t.Errorf("%s: %+v", c.name, d.FastPath)
		}
	}
}
