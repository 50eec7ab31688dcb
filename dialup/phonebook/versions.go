package phonebook

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// VersionsDir is the folder, in the configuration directory, with what the
	// files were before the last changes.
	VersionsDir = "undo"
	maxVersions = 10
)

// Version is what the files were before a change.
type Version struct {
	Saved         time.Time `json:"saved"` // when the change came
	number        int
	book, secrets []byte
}

func versionFile(dir string, number int, file string) string {
	return filepath.Join(dir, VersionsDir, strconv.Itoa(number)+"."+file)
}

// versionNumbers lists the versions in dir, the last one first.
func versionNumbers(dir string) ([]int, error) {
	files, err := os.ReadDir(filepath.Join(dir, VersionsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, notSaved(err)
	}
	var numbers []int
	for _, f := range files {
		name, is := strings.CutSuffix(f.Name(), "."+BookFile)
		if n, err := strconv.Atoi(name); is && err == nil && n > 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	return numbers, nil
}

// Versions are what can be gone back to, the last one first.
func Versions(dir string) ([]Version, error) {
	numbers, err := versionNumbers(dir)
	if err != nil {
		return nil, err
	}
	var list []Version
	for _, n := range numbers {
		v := Version{number: n}
		file := versionFile(dir, n, BookFile)
		info, err := os.Stat(file)
		if err != nil {
			return nil, notSaved(err)
		}
		v.Saved = info.ModTime()
		if v.book, err = os.ReadFile(file); err != nil {
			return nil, notSaved(err)
		}
		if v.secrets, err = os.ReadFile(versionFile(dir, n, SecretsFile)); err != nil {
			return nil, notSaved(err)
		}
		list = append(list, v)
	}
	return list, nil
}

// keepVersion adds one; that of the phonebook is written last: without it
// there is no version.
func keepVersion(dir string, book, secrets []byte) error {
	numbers, err := versionNumbers(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, VersionsDir), 0o700); err != nil {
		return notSaved(err)
	}
	number := 1
	if len(numbers) > 0 {
		number = numbers[0] + 1
	}
	if err := save(versionFile(dir, number, SecretsFile), secrets, 0o600); err != nil {
		return err
	}
	return save(versionFile(dir, number, BookFile), book, 0o600)
}

// dropVersions removes those that are too many.
func dropVersions(dir string) {
	numbers, _ := versionNumbers(dir)
	for i, n := range numbers {
		if i >= maxVersions {
			os.Remove(versionFile(dir, n, BookFile)) // first: without it there is no version
			os.Remove(versionFile(dir, n, SecretsFile))
		}
	}
}
