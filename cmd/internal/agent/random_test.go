package agent

import (
	"bytes"
	"testing"
)

func TestRandom(t *testing.T) {
	a, b := make([]byte, 4096), make([]byte, 4096) // more than one call gives
	random(a)
	random(b)
	if bytes.Equal(a, b) || bytes.Contains(a, make([]byte, 16)) {
		t.Error("this is not random")
	}
	clear(b)
	if err := fromDevice(b); err != nil || bytes.Contains(b, make([]byte, 16)) {
		t.Errorf("from the device: %v", err)
	}
	random(nil)
}
