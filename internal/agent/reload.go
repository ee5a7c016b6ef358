package agent

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/grapevine-gossip/grapevine"
	"github.com/grapevine-gossip/grapevine/httpapi/api"
)

// live are the settings that a reload changes while the agent runs.
type live struct {
	level  *slog.LevelVar
	reload func() (Options, []api.Setting, error)
	log    *slog.Logger
	node   *grapevine.Node

	mu       sync.Mutex
	settings []api.Setting
	current  Options
	secret   string
}

// apply takes over level and token; the settings were checked.
func (l *live) apply(o Options) {
	level, err := parseLevel(o.LogLevel)
	if err == nil {
		l.level.Set(level)
	}
	l.secret = ""
	if o.TokenFile != "" {
		if t, err := ReadToken(o.TokenFile); err == nil {
			l.secret = t
		}
	}
	l.current = o
}

func (l *live) token() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.secret
}

func (l *live) config() []api.Setting {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.settings)
}

var errNoReload = errors.New("this agent's settings can't be read again")

// reloadNow reads the settings again and applies tags, seeds, log level and token; other changes need a restart. With a
// bad setting nothing changes.
func (l *live) reloadNow() error {
	if l.reload == nil {
		return errNoReload
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fresh, settings, err := l.reload()
	if err != nil {
		return err
	}
	if err := fresh.Check(); err != nil {
		return err
	}
	if err := l.reloadTags(&fresh); err != nil {
		return err
	}
	if !slices.Equal(fresh.Seeds, l.current.Seeds) {
		if err := l.node.SetSeeds(fresh.Seeds...); err != nil {
			return err
		}
	}
	l.apply(fresh)
	l.settings = settings
	l.log.Info("settings reloaded")
	return nil
}

// reloadTags replaces the tags that came from the settings and keeps those that were set since by calls.
func (l *live) reloadTags(fresh *Options) error {
	was, err := l.current.tagMap()
	if err != nil {
		return err
	}
	now, err := fresh.tagMap()
	if err != nil || maps.Equal(was, now) {
		return err
	}
	tags := maps.Clone(l.node.Self().Tags)
	for k, v := range was {
		if tags[k] == v {
			delete(tags, k)
		}
	}
	maps.Copy(tags, now)
	return l.node.SetTags(tags)
}
