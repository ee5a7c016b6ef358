package report

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// Machine is where the figures were taken.
type Machine struct {
	Date       string `json:"date"`
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	System     string `json:"system"`
	Go         string `json:"go"`
}

func machine() Machine {
	return Machine{
		Date: time.Now().UTC().Format(time.DateOnly), Processor: processor(), Processors: runtime.NumCPU(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
	}
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// version is that of a module that this program was built with.
func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path != module {
			continue
		}
		if m.Replace != nil {
			return "this clone"
		}
		return m.Version
	}
	return "unknown"
}
