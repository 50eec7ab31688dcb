package bench

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed c/streams.c
var streamsSource []byte

// libcrypto is OpenSSL's library, whose RC4 is still in it.
const libcrypto = "libcrypto.so.3"

// compileStreams compiles the program that measures C and OpenSSL.
func (m *microscope) compileStreams(ctx context.Context) (string, error) {
	source := filepath.Join(m.Dir, "streams.c")
	if err := os.WriteFile(source, streamsSource, 0o644); err != nil {
		return "", err
	}
	file := filepath.Join(m.Dir, "streams")
	if _, err := m.program(ctx, nil, "gcc", "-O2", "-Wall", "-o", file, source, "-ldl"); err != nil {
		return "", fmt.Errorf("%w (Debian packages gcc, libc6-dev, libssl3)", err)
	}
	return file, nil
}
