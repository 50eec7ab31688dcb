package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// archive writes the "newc" form of cpio, which Linux unpacks as its first
// file system (Documentation/driver-api/early-userspace/buffer-format.rst).
type archive struct {
	w     *bufio.Writer
	inode uint32
	have  map[string]bool // paths without the leading slash
	err   error
}

func newArchive(w io.Writer) *archive {
	return &archive{w: bufio.NewWriterSize(w, 1<<20), have: map[string]bool{".": true, "": true}}
}

// file adds a file with its folders.
func (a *archive) file(name string, mode uint32, data []byte) { a.add(name, 0o100000|mode, data) }

// dir adds a folder with those above it.
func (a *archive) dir(name string) { a.add(name, 0o040755, nil) }

// link adds a symbolic link with its folders.
func (a *archive) link(name, to string) { a.add(name, 0o120777, []byte(to)) }

// copy adds a file of the machine at its own path, or at another.
func (a *archive) copy(from, to string) {
	b, err := os.ReadFile(from)
	if err != nil {
		if a.err == nil {
			a.err = err
		}
		return
	}
	a.file(to, 0o755, b)
}

func (a *archive) add(name string, mode uint32, data []byte) {
	name = strings.TrimPrefix(path.Clean(name), "/")
	if a.have[name] {
		return
	}
	if dir := path.Dir(name); !a.have[dir] {
		a.dir(dir)
	}
	a.have[name] = true
	a.entry(name, mode, data)
}

// entry writes one entry: thirteen numbers of eight hexadecimal digits, the
// name, the data, each padded to four octets.
func (a *archive) entry(name string, mode uint32, data []byte) {
	if a.err != nil {
		return
	}
	a.inode++
	const header = 6 + 13*8
	fmt.Fprintf(a.w, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name)+1, 0)
	io.WriteString(a.w, name+"\x00")
	a.pad(header + len(name) + 1)
	a.w.Write(data)
	a.pad(len(data))
}

func (a *archive) pad(n int) { a.w.Write(slices.Repeat([]byte{0}, -n&3)) }

// close ends the archive and gives the first error.
func (a *archive) close() error {
	a.entry("TRAILER!!!", 0, nil)
	if err := a.w.Flush(); a.err == nil {
		a.err = err
	}
	return a.err
}
