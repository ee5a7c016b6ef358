// Package stability tells when everybody in a view holds it. Stabilized(V) means: there was a moment at which every
// member of V held V. Nobody can promise "now".
//
// # The rule
//
// In the ring order of the view the members form a heap of arity 8, computed by all alike. Up says "I and all below me",
// Down says "everybody".
//
//	hold V and every child said up1             -> up1 to the parent; at the root down1
//	down1, then every child said up2, still V   -> up2 to the parent; at the root down2
//	down2                                       -> Stabilized
//
// Every message is acknowledged by the next hop, also by one that does not hold V, and repeated until then.
//
// # Why it holds
//
// A message carries a tag: the view's hash and an epoch. An epoch never falls at a member: who enters V again takes one
// above the last it held there, and who hears of a higher one adopts it and starts over. So a member holds one tag for
// one interval [s, e) only. Phase 1 being complete at time t, s <= t for all members. Each then passes phase 2 at some
// time d within its own interval, after phase 1 was complete: max s <= min d < min e. At max s all held V.
//
// Two statements need the word "own" above, and the code insists on them rather than to trust the sender: a Down counts
// only for a member that has said the same Up under the same tag, and an up2 only from a child that was told down1 under
// it. A Down for a view not held is therefore acknowledged and not kept: it answers an Up of an interval that is over.
// Only Ups are kept. One of an earlier interval of its sender says "has held", which stays true; the sender's up2 cannot
// follow under that tag, so it can delay an agreement but not fake one.
//
// # Where the plain rule fails, and what is done
//
//   - Forgetting. Epochs are remembered for 4096 views and 24 h. A member that forgot would come back with epoch 0, or
//     adopt an epoch that it held before, and have two intervals under one tag. (In the model, with one view remembered,
//     9 of 168,000 reports were false.) So forgetting raises a floor above the epoch forgotten, and a view not
//     remembered is entered at the floor. Members whose floors differ would start every new view over once; who has to
//     adopt a higher epoch in a view that is new to it takes that as its floor, so the floors meet.
//   - Reset. A new life of one's own makes every former view impossible, but a caller may also mean a jump into another
//     view under the same life. So Reset ends the interval and forgets no epoch.
//   - A kept report that falls out. Keeping is bounded, and its sender has the acknowledgement. So an Up is said again
//     once a second, acknowledged or not, until the Down that answers it. The newest report is kept per sender and
//     view, not per sender: a late duplicate about an old view must not displace one about the view to come.
//   - Nobody to hear it. A member that comes back under a higher epoch has nothing to say before its children have
//     spoken, and they have agreed and are silent. So an adopter at once, and who enters above epoch 0 after the first
//     repeat interval, names the tag to the neighbours that have not used it, by a HoldOuts without names, until they do.
//   - A child that does not know. The word that it was let in may be lost, and no child of its own speaks to it. So who has
//     children names the tag to those who have not used it 20 ms after its view began, in the same way, under any epoch.
//   - A dead parent. Names flow through the tree, and nobody above a dead member's children could send them any. So a
//     parent that leaves an Up unacknowledged for 500 ms, or sends nothing downwards for 2 s, is named by its children,
//     and whoever has no list from above sends its own down.
//
// Nothing here reads a clock, starts a goroutine or draws chance.
package stability
