package agent

import (
	"os"
	"os/signal"
	"syscall"
)

// signals are those that the agent obeys.
type signals struct {
	end    chan os.Signal
	reload chan os.Signal
}

func notify() *signals {
	s := &signals{make(chan os.Signal, 2), make(chan os.Signal, 1)}
	signal.Notify(s.end, os.Interrupt, syscall.SIGTERM)
	signal.Notify(s.reload, syscall.SIGHUP)
	return s
}

func (s *signals) stop() {
	signal.Stop(s.end)
	signal.Stop(s.reload)
}
