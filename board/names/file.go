package names

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
)

const (
	maxLine  = 64 << 10 // a longer one ends the file
	maxAddrs = 64       // of one name
)

// eachLine gives the words of each line that has two at least, comments left
// out.
func eachLine(r io.Reader, f func(fields []string)) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	for in.Scan() {
		line := in.Text()
		if i := strings.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		if fields := strings.Fields(line); len(fields) >= 2 {
			f(fields)
		}
	}
}

// reading gives f the contents of a file; one that cannot be read is empty.
func reading(name string, f func(r io.Reader)) {
	file, err := os.Open(name)
	if err != nil {
		f(strings.NewReader(""))
		return
	}
	defer file.Close()
	f(file)
}

// inHosts finds the IPv4 addresses that a hosts(5) file gives a name.
func inHosts(r io.Reader, host string) (found []netip.Addr) {
	host = strings.TrimSuffix(host, ".")
	eachLine(r, func(fields []string) {
		for _, name := range fields[1:] {
			if !strings.EqualFold(strings.TrimSuffix(name, "."), host) {
				continue
			}
			addr, err := netip.ParseAddr(fields[0])
			if addr = addr.Unmap(); err == nil && addr.Is4() && len(found) < maxAddrs && !slices.Contains(found, addr) {
				found = append(found, addr)
			}
			return
		}
	})
	return found
}
