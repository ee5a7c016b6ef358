package sim

import "time"

// Usual is a computer of today: what handling and sending a packet takes of one processor, system calls included.
// Measured over real sockets on loopback (docs/scale.md says how).
func Usual() Host {
	return Host{PerPacket: 12 * time.Microsecond, PerKB: 4 * time.Microsecond, PerSend: 6 * time.Microsecond}
}
