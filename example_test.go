package grapevine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/grapevine-gossip/grapevine"
)

// Two members in one process: one says something, the other is told.
func Example() {
	ctx := context.Background()
	config := grapevine.Local() // loopback, any port
	config.Name = "first"
	first, err := grapevine.Start(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()

	config.Name, config.Seeds = "second", []string{first.Addr().String()}
	second, err := grapevine.Start(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer second.Close()

	events := second.Subscribe(grapevine.Filter{Types: []string{"kv.set"}, Member: "first"})
	first.Set("greeting", []byte("hello"))
	set := (<-events.C()).(grapevine.KeySet)
	fmt.Printf("%s says %s=%s\n", set.Name, set.Key, set.Value)
	// Output: first says greeting=hello
}
