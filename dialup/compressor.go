package dialup

import (
	"dun/dialup/mppe"
	"dun/dialup/ppp"
)

// newCompressor gives a session MPPE for what CCP agreed on. It is nil for a
// key length that ppp.New would have refused.
func newCompressor(k ppp.MPPEKeys) ppp.Compressor {
	codec, err := mppe.New(mppe.Config{
		Bits: k.Mode.Bits, Stateless: k.Mode.Stateless,
		Send: k.Send, Receive: k.Receive,
	})
	if err != nil {
		return nil
	}
	return codec
}
