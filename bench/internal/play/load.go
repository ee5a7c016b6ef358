package play

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// load compares what the machine's processors did with what this process did.
type load struct {
	begin time.Time
	own   time.Duration
	all   time.Duration
	known bool
}

func watchLoad() load {
	all, known := busy()
	return load{time.Now(), processor(), all, known}
}

// read returns the time since then, and the share of all processors that others used; -1 where the system does not tell.
func (l load) read() (seconds, others float64) {
	elapsed := time.Since(l.begin)
	all, known := busy()
	if !known || !l.known {
		return elapsed.Seconds(), -1
	}
	used := (all - l.all) - (processor() - l.own)
	return elapsed.Seconds(), max(used.Seconds()/elapsed.Seconds()/float64(runtime.NumCPU()), 0)
}

// processor is the time that this process has spent, its own and the system's for it.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tick is the unit of Linux' /proc/stat.
const tick = 10 * time.Millisecond

// busy is the time that all processors together have spent on anything, since the system started.
func busy() (time.Duration, bool) {
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if !lines.Scan() {
		return 0, false
	}
	return parseBusy(lines.Text())
}

func parseBusy(line string) (time.Duration, bool) {
	fields := strings.Fields(line)
	if len(fields) < 8 || fields[0] != "cpu" {
		return 0, false
	}
	var sum time.Duration
	for i, s := range fields[1:8] { // user nice system idle iowait irq softirq
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 {
			sum += time.Duration(v) * tick
		}
	}
	return sum, true
}
