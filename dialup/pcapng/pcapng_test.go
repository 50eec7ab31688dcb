package pcapng

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"testing"
	"time"
)

// found is an option that a block has.
type found struct {
	code uint16
	data []byte
}

// optionsOf reads the options in the end of a block; it is written from the
// draft, not from the code.
func optionsOf(t *testing.T, b []byte) (list []found) {
	t.Helper()
	for {
		code, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		if code == 0 {
			if n != 0 || len(b) != 4 {
				t.Fatalf("the end of the options: % x", b)
			}
			return list
		}
		list = append(list, found{code, b[4 : 4+n]})
		for _, c := range b[4+n : 4+(n+3)/4*4] {
			if c != 0 {
				t.Fatalf("padding % x", b)
			}
		}
		b = b[4+(n+3)/4*4:]
	}
}

// blocks takes a capture apart.
func blocks(t *testing.T, file []byte) (list [][]byte) {
	t.Helper()
	for r := bytes.NewReader(file); ; {
		b, err := ReadBlock(r, nil)
		if err == io.EOF {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
}

func TestBlocks(t *testing.T) {
	at := time.Unix(1700000000, 123456789)
	var file []byte
	file = AppendSection(file, "dun 1.2", "a comment")
	file = AppendInterface(file, LinkPPP, 96, "office ppp", "after decryption")
	file = AppendPacket(file, Packet{Interface: 0, Time: at, Sent: true, Data: [3][]byte{{1}, []byte("abc"), []byte("de")}, Cut: 40})
	file = AppendPacket(file, Packet{Interface: 7, Time: at, Data: [3][]byte{1: []byte("abcd")}, Comment: "lost"})
	file = AppendPacket(file, Packet{Time: at})
	file = AppendStatistics(file, 3, at, 10, 1<<40)
	list := blocks(t, file)
	if len(list) != 6 {
		t.Fatalf("%d blocks", len(list))
	}
	for i, kind := range []uint32{0x0a0d0d0a, 1, 6, 6, 6, 5} {
		if Kind(list[i]) != kind {
			t.Errorf("block %d is of type %x", i, Kind(list[i]))
		}
	}
	l := binary.LittleEndian
	section, face, sent, rcvd, stats := list[0], list[1], list[2], list[3], list[5]
	if l.Uint32(section[8:]) != 0x1a2b3c4d || l.Uint16(section[12:]) != 1 || l.Uint16(section[14:]) != 0 || l.Uint64(section[16:]) != 1<<64-1 {
		t.Errorf("section % x", section)
	}
	if o := optionsOf(t, section[24:len(section)-4]); len(o) != 2 || o[0].code != 4 || string(o[0].data) != "dun 1.2" || o[1].code != 1 || string(o[1].data) != "a comment" {
		t.Errorf("section %v", o)
	}
	if l.Uint16(face[8:]) != 204 || l.Uint32(face[12:]) != 96 {
		t.Errorf("interface % x", face)
	}
	if o := optionsOf(t, face[16:len(face)-4]); len(o) != 3 || string(o[0].data) != "office ppp" || string(o[1].data) != "after decryption" || o[2].code != 9 || !bytes.Equal(o[2].data, []byte{9}) {
		t.Errorf("interface %v", o)
	}
	stamp := uint64(l.Uint32(sent[12:]))<<32 | uint64(l.Uint32(sent[16:]))
	if l.Uint32(sent[8:]) != 0 || stamp != uint64(at.UnixNano()) || l.Uint32(sent[20:]) != 6 || l.Uint32(sent[24:]) != 46 || string(sent[28:36]) != "\x01abcde\x00\x00" {
		t.Errorf("packet % x", sent)
	}
	if o := optionsOf(t, sent[36:len(sent)-4]); len(o) != 1 || o[0].code != 2 || l.Uint32(o[0].data) != 2 {
		t.Errorf("packet %v", o)
	}
	if o := optionsOf(t, rcvd[32:len(rcvd)-4]); len(o) != 2 || l.Uint32(o[0].data) != 1 || string(o[1].data) != "lost" || l.Uint32(rcvd[8:]) != 7 {
		t.Errorf("packet % x", rcvd)
	}
	if o := optionsOf(t, stats[20:len(stats)-4]); len(o) != 2 || o[0].code != 4 || l.Uint64(o[0].data) != 10 || o[1].code != 5 || Dropped(stats) != 1<<40 || Dropped(sent) != 0 {
		t.Errorf("statistics %v, %d dropped", o, Dropped(stats))
	}
}

// TestReadBlockErrors: what is cut off, lies, or is something else.
func TestReadBlockErrors(t *testing.T) {
	whole := AppendSection(nil, "x", "")
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := ReadBlock(bytes.NewReader(whole[:n]), nil); err != want {
			t.Errorf("%d octets of it: %v", n, err)
		}
	}
	for _, text := range []string{strings.Repeat("\x00", 40), "\x06\x00\x00\x00\xff\xff\xff\x7f", "SSH-2.0-OpenSSH\r\n", "\x05\x00\x00\x00\x0c\x00\x00\x00\x10\x00\x00\x00"} {
		if b, err := ReadBlock(strings.NewReader(text), nil); err != ErrFormat {
			t.Errorf("%q: % x, %v", text, b, err)
		}
	}
}

// FuzzReadBlock: any stream; what is read is what was there, and bounded.
func FuzzReadBlock(f *testing.F) {
	f.Add(AppendStatistics(AppendSection(nil, "dun", "c"), 0, time.Time{}, 1, 2))
	f.Add([]byte("\x05\x00\x00\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05\x00\xff\xff\x00\x00\x00\x00\x20\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, seen := bytes.NewReader(file), 0
		var buf []byte
		for {
			b, err := ReadBlock(r, buf)
			if err != nil {
				break
			}
			if !bytes.Equal(b, file[seen:seen+len(b)]) || len(b) > maxBlock {
				t.Fatal("something else was read")
			}
			seen += len(b)
			Dropped(b)
			buf = b
		}
	})
}
