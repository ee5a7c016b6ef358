// Package datadir keeps what a member must not forget: its generation, and where its peers were. One process at a time
// holds a directory.
package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MaxPeers bounds the peers that are kept: any few that still answer will do.
const MaxPeers = 256

// maxGeneration is the protocol's limit, exclusive. Nobody gets near it by restarting: such a file is damaged.
const maxGeneration = 1 << 40

// State is what is kept.
type State struct {
	Generation uint64 `json:"generation"`
	Peers      []Peer `json:"peers,omitempty"`
}

// Peer is a member that was in the view.
type Peer struct {
	Name string `json:"name"`
	Addr string `json:"addr"`
}

// ErrLocked says that another process holds the directory.
var ErrLocked = errors.New("another process uses this data directory")

// Dir is a directory held by this process.
type Dir struct {
	path  string
	lock  *os.File
	state State
}

const (
	stateFile = "state.json"
	lockFile  = "lock"
)

// Open makes the directory if need be, locks it and reads what is kept. A file that can't be read is an error that names
// it: a generation that is lost is learned from the cluster, but nobody should lose it without being told.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := lock(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("data directory %s: %w", path, err)
	}
	d := &Dir{path: path, lock: f}
	if err := d.read(); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Dir) read() error {
	name := filepath.Join(d.path, stateFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := json.Unmarshal(b, &d.state); err != nil {
		return damaged(name, err)
	}
	if d.state.Generation >= maxGeneration-1 {
		return damaged(name, fmt.Errorf("generation %d", d.state.Generation))
	}
	return nil
}

func damaged(name string, err error) error {
	return fmt.Errorf("data directory: %s is damaged (%w): remove it to start with a new generation", name, err)
}

// State is what was kept when the directory was opened, or last saved.
func (d *Dir) State() State { return d.state }

// Save replaces what is kept, whole or not at all.
func (d *Dir) Save(s State) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(d.path, stateFile)
	tmp := name + ".new" // one process holds the directory, so one name will do, and nothing piles up after crashes
	if err := write(tmp, append(b, '\n')); err != nil {
		return err
	}
	if err := os.Rename(tmp, name); err != nil {
		return err
	}
	d.state = s
	return nil
}

// write makes a file of which all is on the disk.
func write(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// Close lets go of the directory.
func (d *Dir) Close() error { return d.lock.Close() }
