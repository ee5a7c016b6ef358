package view

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/grapevine-gossip/grapevine/internal/wire"
)

func member(i int, incarnation uint64) *Member {
	return NewMember(wire.Record{
		Name: fmt.Sprintf("n%d", i), Life: wire.Life{Generation: 1, Boot: uint64(i + 1), Incarnation: incarnation},
		Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7787), AddrVersion: 1,
	})
}

func members(n int) []*Member {
	out := make([]*Member, n)
	for i := range out {
		out[i] = member(i, 0)
	}
	return out
}

// Same lives, same view, same hash, in whatever order they were learned; another life of anybody is another view.
func TestHashIsOfTheLivesAlone(t *testing.T) {
	forward := New(members(20))
	backward := members(20)
	slices.Reverse(backward)
	if got := New(backward); got.Hash() != forward.Hash() || got.Len() != 20 {
		t.Error("the order matters")
	}
	again := member(7, 1)
	other := forward.With(again)
	if other.Hash() == forward.Hash() || other.Len() != 20 || other.Find(again.ID) != again {
		t.Error("another life is the same view")
	}
	if back := other.With(member(7, 0)); back.Hash() != forward.Hash() {
		t.Error("the hash does not return with the lives")
	}
	moved := forward.At(3).Record
	moved.Addr = netip.MustParseAddrPort("192.0.2.1:1")
	if forward.With(NewMember(moved)).Hash() != forward.Hash() {
		t.Error("an address is part of the hash")
	}
}

func TestWithAndWithoutLeaveTheViewAsItWas(t *testing.T) {
	v := New(members(9))
	hash, first := v.Hash(), v.At(0)
	bigger := v.With(member(100, 0))
	smaller := v.Without(map[uint64]bool{first.ID: true})
	if bigger.Len() != 10 || smaller.Len() != 8 || smaller.Find(first.ID) != nil {
		t.Errorf("%d and %d members", bigger.Len(), smaller.Len())
	}
	if v.Len() != 9 || v.Hash() != hash || v.At(0) != first {
		t.Error("it changed")
	}
	if v.Find(12345) != nil || v.Neighbors(12345) != nil || v.Parent(12345) != nil || v.Children(12345) != nil {
		t.Error("somebody outside has a place")
	}
}

// The tree has one root, everybody else one parent, and a child's parent has it as a child.
func TestTree(t *testing.T) {
	for _, n := range []int{1, 2, 8, 9, 10, 73, 74, 101, 1000} {
		v := New(members(n))
		roots, edges := 0, 0
		for _, m := range v.All() {
			p := v.Parent(m.ID)
			if p == nil {
				roots++
			} else if !slices.Contains(v.Children(p.ID), m) {
				t.Errorf("%d members: %s is no child of its parent %s", n, m.Name, p.Name)
			}
			kids := v.Children(m.ID)
			if len(kids) > TreeArity {
				t.Errorf("%d members: %s has %d children", n, m.Name, len(kids))
			}
			edges += len(kids)
		}
		if roots != 1 || edges != n-1 {
			t.Errorf("%d members: %d roots, %d edges", n, roots, edges)
		}
	}
}

// Close is what Neighbors says, in small views only.
func TestClose(t *testing.T) {
	for _, n := range []int{2, 7, 8, 20, 64, 65} {
		v := New(members(n))
		for _, a := range v.All() {
			for _, b := range v.All() {
				want := n <= 64 && slices.Contains(v.Neighbors(a.ID), b)
				if got := v.Close(a.ID, b.ID); got != want {
					t.Fatalf("%d members: %s and %s close: %t", n, a.Name, b.Name, got)
				}
			}
		}
		if v.Close(v.At(0).ID, 12345) || v.Close(12345, v.At(0).ID) {
			t.Errorf("%d members: close to somebody outside", n)
		}
	}
}
