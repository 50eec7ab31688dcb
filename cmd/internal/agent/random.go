package agent

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// random fills b for the engines, which have no randomness of their own. It
// asks the system itself: crypto/rand would bring FIPS 140's generator along.
func random(b []byte) {
	for len(b) > 0 {
		n, err := unix.Getrandom(b, 0)
		switch {
		case err == nil:
			b = b[n:]
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOSYS): // Linux before 3.17
			if err := fromDevice(b); err != nil {
				panic("no random numbers: " + err.Error())
			}
			return
		default:
			panic("no random numbers: " + err.Error())
		}
	}
}

func fromDevice(b []byte) error {
	f, err := os.Open("/dev/urandom")
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.ReadFull(f, b)
	return err
}
