package digest

import "encoding/binary"

// The tables of FIPS 46-3: each names the bits of its input, counted from 1 at
// the most significant one.
var (
	desInitial = []byte{
		58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
		57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
	}
	desFinal = []byte{
		40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
		36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
	}
	desExpand = []byte{
		32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
		16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
	}
	desRound = []byte{
		16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
	}
	desChoice1 = []byte{
		57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
		63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
	}
	desChoice2 = []byte{
		14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
		41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
	}
	// desBoxes are the eight S-boxes, four rows of 16 each, one digit a value.
	desBoxes = [8]string{
		"e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d",
		"f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9",
		"a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c",
		"7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e",
		"2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453",
		"c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d",
		"4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c",
		"d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b",
	}
)

// permute takes the bits of v, which has width, that the table names.
func permute(v uint64, width int, table []byte) (out uint64) {
	for _, from := range table {
		out = out<<1 | v>>(width-int(from))&1
	}
	return out
}

// DES encrypts one block. The lowest bit of each octet of the key is not used.
func DES(key, block [8]byte) (out [8]byte) {
	k := permute(binary.BigEndian.Uint64(key[:]), 64, desChoice1)
	c, d := k>>28, k&(1<<28-1)
	rotate := func(v uint64, n int) uint64 { return (v<<n | v>>(28-n)) & (1<<28 - 1) }

	v := permute(binary.BigEndian.Uint64(block[:]), 64, desInitial)
	l, r := v>>32, v&(1<<32-1)
	for round := range 16 {
		n := 2
		if round < 2 || round == 8 || round == 15 {
			n = 1
		}
		c, d = rotate(c, n), rotate(d, n)
		x := permute(r, 32, desExpand) ^ permute(c<<28|d, 56, desChoice2)
		var f uint64
		for i, box := range desBoxes {
			six := x >> (42 - 6*i) & 63
			row, column := six>>4&2|six&1, six>>1&15
			digit := uint64(box[16*row+column])
			if digit -= '0'; digit > 9 {
				digit -= 'a' - '0' - 10
			}
			f = f<<4 | digit
		}
		l, r = r, l^permute(f, 32, desRound)
	}
	binary.BigEndian.PutUint64(out[:], permute(r<<32|l, 64, desFinal))
	return out
}
