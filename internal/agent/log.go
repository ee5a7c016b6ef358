package agent

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
)

func parseLevel(s string) (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(s)); err != nil {
		return 0, bad("one of debug, info, warn, error", "--log-level %q is not known", s)
	}
	return l, nil
}

// newLogger writes coloured text to a terminal and JSON elsewhere, unless told otherwise.
func newLogger(w io.Writer, format string, noColor bool, level slog.Leveler) *slog.Logger {
	f, isFile := w.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd()))
	if format == "json" || format == "auto" && !terminal {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(tint.NewTextHandler(w, &tint.Options{
		Level: level, TimeFormat: time.TimeOnly + ".000", NoColor: noColor || !terminal,
	}))
}
