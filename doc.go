// Package grapevine keeps a group of processes informed about each other, with no master and no external service.
//
// Each process is a member with a unique name. Every member knows who is here, from a few seeds; what each member says,
// as keys and values that it alone writes; who has gone, by an accrual failure detector that needs several witnesses;
// and whether all hold the same view of the cluster.
//
//	node, err := grapevine.Start(ctx, grapevine.Config{Name: "n1", Seeds: []string{"10.0.0.5:7787"}})
//	if err != nil {
//		return err
//	}
//	defer node.Close()
//	node.Set("load", []byte("0.7"))
//	for m := range node.Members() {
//		load, ok := node.Get(m.Name, "load")
//		…
//	}
//
// Events tell of changes; see [Node.Subscribe] and docs/events.md.
//
// # Guarantees
//
//   - Nothing the application does makes the protocol wait: reads go to a published snapshot, Set waits for one turn of the
//     node's own loop, a subscriber that doesn't read is told what it missed, and a log that is stuck loses messages.
//   - What is handed out is a copy, or immutable.
//   - A member's keys are written by it alone. A reader sees the latest value or an older one, and of one member never a
//     newer change without the older ones that still count.
//   - A deleted key doesn't come back, nor does a member that was forgotten, nor the values of a process that was
//     restarted.
//   - Nobody is removed on the word of one other member, except by one that reaches nobody at all and so ends its own view.
//   - ViewStabilized is sent only if there was a moment at which every member of the view held it.
//
// # Limitations
//
//   - Keys are not persisted: they live as long as a process that holds them, and their owner sets them again after a
//     restart.
//   - Intermediate values of a key may be skipped: the latest wins.
//   - Views of two members may differ for the time that news takes; stability tells when they did not.
//   - Frames carry a checksum and the cluster's name, but are not yet encrypted: run it on a network you trust.
//   - Every member knows every other: thousands of members, not millions.
//   - Where TCP is blocked, bulk state and large values come in datagrams, only more slowly.
package grapevine
