package strict

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// MaxSize is the largest file that is read, in octets.
const MaxSize = 1 << 20

// Load reads and parses a file. What is wrong, be it with the file itself, is
// among the document's Problems; the document is never nil. A private file is
// refused unless it belongs to root or to us and nobody else can read or
// write it, and no problem quotes its values.
func Load(name string, private bool) *Document {
	data, problem := readFile(name, private)
	if problem != nil {
		d := newDocument(name, nil, private)
		d.Missing = problem.missing
		d.report(problem.Problem)
		return d
	}
	return Parse(name, data, private)
}

type fileProblem struct {
	Problem
	missing bool
}

func readFile(name string, private bool) ([]byte, *fileProblem) {
	wrong := func(remedy, text string, args ...any) ([]byte, *fileProblem) {
		return nil, &fileProblem{Problem: Problem{File: name, Text: fmt.Sprintf(text, args...), Remedy: remedy}}
	}
	// Without O_NONBLOCK a named pipe would wait for its writer.
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			_, p := wrong("Create it; the annotated reference shows every key.", "The file does not exist.")
			p.missing = true
			return nil, p
		}
		return wrong("", "The file cannot be opened: %s.", reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return wrong("", "The file cannot be read: %s.", reason(err))
	}
	if !info.Mode().IsRegular() {
		return wrong("", "This is not an ordinary file.")
	}
	if private {
		if text, remedy := notPrivate(name, info); text != "" {
			return wrong(remedy, "%s", text)
		}
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return wrong("", "The file cannot be read: %s.", reason(err))
	}
	return data, nil
}

// notPrivate says why a file with secrets is not trusted, "" if it is.
func notPrivate(name string, info fs.FileInfo) (text, remedy string) {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Sprintf("Others than its owner can reach the file (mode %04o); it holds passwords.", mode),
			fmt.Sprintf("Run: chmod 600 %s", name)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return fmt.Sprintf("The file belongs to user %d, neither to root nor to the user that runs dun (%d).", st.Uid, os.Geteuid()),
			fmt.Sprintf("Run: chown root %s", name)
	}
	return "", ""
}

// reason is what the system said, without the file's name.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
