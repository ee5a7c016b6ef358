// Package tidy holds tests of the code's own shape: which package may import which, what the core may not call, how long
// a function may be. A rule that is only written down is broken within a month.
package tidy
