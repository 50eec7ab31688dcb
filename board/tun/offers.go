package tun

import (
	"golang.org/x/sys/unix"
)

// Offers tells what an interface would get, without making one. The driver
// says only that there is offload at all; the rest goes by the kernel's
// version, so an interface that is open knows better (Device.Offload).
func Offers() (Offload, error) {
	fd, err := openDevice()
	if err != nil {
		return Offload{}, err
	}
	defer unix.Close(fd)
	if !takesHeaders(fd) {
		return Offload{}, nil
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return Offload{}, err
	}
	// IFF_VNET_HDR and TSO came together; USO with Linux 6.2.
	return Offload{Checksum: true, TSO: true, USO: !before(name.Release[:], 6, 2)}, nil
}

// before reports whether a kernel release, "6.1.0-35-amd64", is older than
// major.minor.
func before(release []byte, major, minor int) bool {
	var numbers [2]int
	at := 0
	for _, c := range release {
		if c < '0' || c > '9' {
			if at++; c != '.' || at == len(numbers) {
				break
			}
			continue
		}
		numbers[at] = min(numbers[at]*10+int(c-'0'), 1<<20)
	}
	return numbers[0] < major || numbers[0] == major && numbers[1] < minor
}
