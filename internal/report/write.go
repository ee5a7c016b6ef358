package report

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes report.html in a directory, and NAME.svg of each chart. The directory is created if it is missing. An
// earlier report is replaced; a file of such a name that is none of ours is not, and other files stay as they are. Where
// it fails before it writes, nothing has changed.
func Write(dir string, p Page) error {
	files, err := p.files()
	if err != nil {
		return fmt.Errorf("report in %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, f := range files {
		if err := replaceable(filepath.Join(dir, f.name)); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	for _, f := range files {
		if err := replace(filepath.Join(dir, f.name), f.content); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return nil
}

// marks are what our files have.
var marks = [][]byte{[]byte(`<meta name="generator" content="grapevine report">`), []byte(`<svg xmlns="http://www.w3.org/2000/svg" class="gv"`)}

// replaceable tells that there is no file of that name, or one of ours.
func replaceable(path string) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, mark := range marks {
		if bytes.Contains(content, mark) {
			return nil
		}
	}
	return fmt.Errorf("%s is there and is no report of grapevine's: move it away, or choose another directory", path)
}

// replace writes a file so that at no time there is half of it.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".grapevine-*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
