package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// table is what -o table and -o wide print. The columns from wideFrom on are for wide only; 0 means there are none.
type table struct {
	head     []string
	rows     [][]string
	wideFrom int
}

// show prints data in the format asked for: body as it came, the names, or the table.
func (c *cli) show(body []byte, names []string, t table) error {
	var err error
	switch c.output {
	case "json":
		_, err = fmt.Fprintf(c.out, "%s\n", bytes.TrimSpace(body))
	case "name":
		for _, n := range names {
			if _, err = fmt.Fprintln(c.out, n); err != nil {
				break
			}
		}
	default:
		_, err = c.out.Write(c.render(t))
	}
	return err
}

func (c *cli) render(t table) []byte {
	columns := len(t.head)
	if t.wideFrom > 0 && c.output != "wide" {
		columns = t.wideFrom
	}
	width := make([]int, columns)
	rows := append([][]string{t.head}, t.rows...)
	for _, row := range rows {
		for i, cell := range row[:columns] {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	var b bytes.Buffer
	for n, row := range rows {
		for i, cell := range row[:columns] {
			pad := width[i] - utf8.RuneCountInString(cell)
			if n > 0 {
				cell = c.paint(cell)
			}
			b.WriteString(cell)
			if i < columns-1 {
				b.WriteString(strings.Repeat(" ", pad+2))
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// colours of words that stand alone in a cell.
var colours = map[string]string{
	"alive": "32", "yes": "32", "suspect": "33", "leaving": "33", "no": "33", "failed": "31", "left": "90",
	"member.failed": "31", "member.suspected": "33", "member.joined": "32", "member.returned": "32", "view.stabilized": "36",
}

func (c *cli) paint(cell string) string {
	if code := colours[cell]; code != "" && c.coloured() {
		return "\x1b[" + code + "m" + cell + "\x1b[0m"
	}
	return cell
}

func (c *cli) coloured() bool {
	f, ok := c.out.(*os.File)
	return ok && !c.noColor && term.IsTerminal(int(f.Fd()))
}

// talk tells a person what is going on; it is no data.
func (c *cli) talk(format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.err, format+"\n", args...)
	}
}

// printable makes text of others safe for a terminal: it may hold anything.
func printable(s string) string {
	clean := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	if utf8.ValidString(s) && !strings.ContainsFunc(s, clean) {
		return s
	}
	return strconv.Quote(s)
}

// brief is printable on one line and not longer than n characters.
func brief(s string, n int) string {
	if strings.Contains(s, "\n") {
		s = strconv.Quote(s)
	} else {
		s = printable(s)
	}
	if utf8.RuneCountInString(s) > n {
		s = string([]rune(s)[:n-1]) + "…"
	}
	return s
}

func millis(ms *float64) string {
	if ms == nil {
		return "-"
	}
	return strconv.FormatFloat(*ms, 'f', 1, 64) + "ms"
}

// span shortens a duration in milliseconds for a person.
func span(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return d.String()
	case d < time.Minute:
		return d.Truncate(100 * time.Millisecond).String()
	default:
		return d.Truncate(time.Second).String()
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// plural is for counts in sentences.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
