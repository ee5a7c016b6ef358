package play

import (
	"runtime"
	"time"
)

func idle(r *run) {
	before := memory()
	if !r.grown() || !r.sleep(r.times.idleQuiet) {
		return
	}
	begin, sent, used := time.Now(), r.sent(), processor()
	if !r.sleep(r.times.idle) {
		return
	}
	used = processor() - used
	sent = r.sent().Minus(sent)
	per := time.Since(begin).Seconds() * float64(r.n)
	r.value("bytes", float64(sent.Bytes())/per)
	r.value("packets", float64(sent.Packets())/per)
	r.value("dials", float64(sent.Dials)/per)
	r.value("processor", float64(used)/float64(time.Millisecond)/per)
	after := memory()
	r.value("heap", float64(after.HeapAlloc-before.HeapAlloc)/float64(r.n))
	r.value("stack", float64(after.StackInuse-before.StackInuse)/float64(r.n))
}

// memory is what is in use after what is not has been collected. Twice, because a pool gives up its contents only at the
// second collection.
func memory() runtime.MemStats {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m
}
