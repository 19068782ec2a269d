package checkpoint_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"refreshwatch/poller/checkpoint"
)

// Two runs load the same generation; one of them wins the swap, and the other one
// reads what it won.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	store, err := checkpoint.Open("file://"+filepath.ToSlash(dir), checkpoint.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := store.Load(ctx)
	fmt.Println(doc.Generation, err)

	doc2 := doc // loaded by another run
	doc, err = store.Swap(ctx, doc, []byte("one run's document"))
	fmt.Println(doc.Generation, err)

	_, err = store.Swap(ctx, doc2, []byte("the other run's"))
	fmt.Println(errors.Is(err, checkpoint.ErrConflict))

	doc, err = store.Load(ctx)
	fmt.Printf("%d %s %v\n", doc.Generation, doc.Data, err)
	// Output:
	// 0 <nil>
	// 1 <nil>
	// true
	// 1 one run's document <nil>
}
