package netcfg

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strings"
)

// The resolver file while it is ours (resolv.conf(5)):
//
//	# Made by dun for its connections. What was here before is kept below ...
//	nameserver 10.0.0.53
//	search corp.example
//	#dun was file
//	#dun dir /run/dun/host
//	#dun+nameserver 10.0.0.53
//	#dun+search corp.example
//	#dun|nameserver 192.168.1.1
//	#dun sum 27d1...
//
// The original is kept in the file itself, which is the one place that is on
// the same storage whether the file is plain, a symbolic link or a bind mount,
// and that can be neither lost nor mixed up with another file's. "was" says
// file, file without a last newline, or no file; "dun+" lines are those that
// we made, so that lines added by others can be told from them; the sum is
// over all "#dun" lines before it.
const (
	headLine  = "# Made by dun for its connections. What was here before is kept below and comes back when they end.\n"
	blockMark = "#dun"
	wasMark   = "#dun was "
	dirMark   = "#dun dir "
	madeMark  = "#dun+"
	keptMark  = "#dun|"
	sumMark   = "#dun sum "

	wasFile         = "file"
	wasUnterminated = "file without a last newline"
	wasMissing      = "no file"
)

// Limits of the C library's resolver (resolv.conf(5): MAXNS, and the search
// list of older versions).
const (
	maxServers = 3
	maxSearch  = 6
	maxDomains = 256 // characters in all
)

// original is what the file was before us.
type original struct {
	text    []byte
	missing bool
}

// ourFile is what parseOurs finds.
type ourFile struct {
	ours bool     // the block is there and whole
	base original // with lines that others added in the meantime
	dirs []string // state directories that take part
}

func isOurs(text []byte) bool { return parseOurs(text).ours }

// parseOurs takes apart a file that compose made, and that others may have
// changed since. If the block itself was changed the file is not ours.
func parseOurs(text []byte) (f ourFile) {
	if len(text) > maxResolvFile {
		return ourFile{}
	}
	sum := fnv.New128a()
	var made, others []string
	was, whole := "", false
	for _, line := range bytes.SplitAfter(text, []byte("\n")) {
		s := string(line)
		if len(s) == 0 {
			continue
		}
		if !strings.HasPrefix(s, blockMark) {
			others = append(others, s)
			continue
		}
		if whole || !strings.HasSuffix(s, "\n") {
			return ourFile{} // more than one block, or a piece of one
		}
		value := func(mark string) string { return strings.TrimSuffix(strings.TrimPrefix(s, mark), "\n") }
		switch {
		case strings.HasPrefix(s, wasMark):
			was = value(wasMark)
		case strings.HasPrefix(s, dirMark):
			f.dirs = append(f.dirs, value(dirMark))
		case strings.HasPrefix(s, madeMark):
			made = append(made, s[len(madeMark):])
		case strings.HasPrefix(s, keptMark):
			f.base.text = append(f.base.text, s[len(keptMark):]...)
		case strings.HasPrefix(s, sumMark):
			whole = value(sumMark) == hex.EncodeToString(sum.Sum(nil))
			if !whole {
				return ourFile{}
			}
		default:
			return ourFile{}
		}
		sum.Write(line)
	}
	switch {
	case !whole:
		return ourFile{}
	case was == wasUnterminated:
		f.base.text = bytes.TrimSuffix(f.base.text, []byte("\n"))
	case was == wasMissing:
		f.base.missing = true
	case was != wasFile:
		return ourFile{}
	}
	f.ours = true
	for _, line := range others {
		if i := slices.Index(made, line); i >= 0 || line == headLine {
			if i >= 0 {
				made = slices.Delete(made, i, i+1)
			}
			continue
		}
		// Someone's addition stays when we go.
		if n := len(f.base.text); n > 0 && f.base.text[n-1] != '\n' {
			f.base.text = append(f.base.text, '\n')
		}
		f.base.text = append(f.base.text, line...)
		f.base.missing = false
	}
	return f
}

// compose gives the file for what was there and the claims.
func compose(base original, claims []ranked, dirs []string) []byte {
	made := merge(parseResolv(base.text), claims)
	var b, block bytes.Buffer
	b.WriteString(headLine)
	for _, line := range made {
		b.WriteString(line)
	}
	kept := base.text
	was := wasFile
	switch {
	case base.missing:
		was, kept = wasMissing, nil
	case len(kept) > 0 && kept[len(kept)-1] != '\n':
		was, kept = wasUnterminated, append(slices.Clone(kept), '\n')
	}
	fmt.Fprintf(&block, "%s%s\n", wasMark, was)
	for _, d := range dirs {
		fmt.Fprintf(&block, "%s%s\n", dirMark, d)
	}
	for _, line := range made {
		block.WriteString(madeMark + line)
	}
	for _, line := range bytes.SplitAfter(kept, []byte("\n")) {
		if len(line) > 0 {
			block.WriteString(keptMark)
			block.Write(line)
		}
	}
	sum := fnv.New128a() // against mistakes, not against anybody
	sum.Write(block.Bytes())
	fmt.Fprintf(&block, "%s%s\n", sumMark, hex.EncodeToString(sum.Sum(nil)))
	b.Write(block.Bytes())
	return b.Bytes()
}

// resolv is what a resolver file says.
type resolv struct {
	servers []string
	search  []string
	rest    []string // options, sortlist and what we do not know, as lines
}

// parseResolv reads resolv.conf(5): a keyword begins its line; the last of
// domain and search counts.
func parseResolv(text []byte) (r resolv) {
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		fields := strings.Fields(line)
		if len(fields) == 0 || line[0] == '#' || line[0] == ';' {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if len(fields) > 1 {
				r.servers = append(r.servers, fields[1])
			}
		case "domain", "search":
			r.search = fields[1:]
		default:
			r.rest = append(r.rest, line+"\n")
		}
	}
	return r
}

// merge gives the lines of the new file. Connections come by rank, the later
// first, and what was there comes last. A connection that takes the default
// route ends the list, so that no question goes around it; this matters too
// because some C libraries ask all servers at once.
func merge(base resolv, claims []ranked) (lines []string) {
	claims = slices.Clone(claims)
	sort.Slice(claims, func(i, j int) bool {
		a, b := claims[i], claims[j]
		return cmp.Or(cmp.Compare(b.Rank, a.Rank), cmp.Compare(b.seq, a.seq), cmp.Compare(a.Dev, b.Dev)) < 0
	})
	var servers, search []string
	closed := false
	for _, c := range claims {
		if closed {
			break
		}
		servers = union(servers, addrStrings(c.Servers))
		search = union(search, c.Search)
		closed = c.Default && len(c.Servers) > 0
	}
	if !closed {
		servers = union(servers, base.servers)
	}
	search = union(search, base.search)

	for _, s := range servers[:min(len(servers), maxServers)] {
		lines = append(lines, "nameserver "+s+"\n")
	}
	var list strings.Builder
	for i, d := range search {
		if i == maxSearch || list.Len()+1+len(d) > maxDomains {
			break
		}
		list.WriteString(" " + d)
	}
	if list.Len() > 0 {
		lines = append(lines, "search"+list.String()+"\n")
	}
	return append(lines, base.rest...)
}
