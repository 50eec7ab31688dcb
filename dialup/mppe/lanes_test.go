package mppe

import "testing"

func BenchmarkLanes(b *testing.B) {
	var s [lanes]state
	var dst, src [lanes][]byte
	for k := range s {
		key := keyA
		key[0] = byte(k)
		s[k].setKey(key[:])
		dst[k], src[k] = make([]byte, benchSize), make([]byte, benchSize)
	}
	single := s
	against(b, lanes*benchSize,
		func() {
			for k := range single {
				xorKeyStream(&single[k], dst[k], src[k])
			}
		},
		func() { xorLanes(&s, &dst, &src) })
}

// BenchmarkBatch is CompressBatch beside packet by packet.
func BenchmarkBatch(b *testing.B) {
	var work Batch
	c, one := pair(b, mode{128, true})
	packets := batchOf(benchSize, benchSize, benchSize, benchSize, benchSize, benchSize, benchSize, benchSize)
	against(b, benchSize*len(packets),
		func() {
			for _, p := range packets {
				one.Compress(p.Dst, p.Protocol, p.Src)
			}
		},
		func() { c.CompressBatch(&work, packets) })
}

func BenchmarkSetKeys(b *testing.B) {
	var s, single [lanes]state
	keys := [lanes]key{}
	for l := range keys {
		keys[l] = keyA
		keys[l][l] = 9
	}
	against(b, lanes,
		func() {
			for l := range single {
				keys[l][5] += 17
				single[l].setKey(keys[l][:])
			}
		},
		func() {
			for l := range keys {
				keys[l][5] += 17
			}
			setKeys(&s, &keys)
		})
}
