package checkpointtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"refreshwatch/poller/checkpoint"
)

// The steps of the specification. Each fails the test unless it goes as its name says.

func load(t *testing.T, s checkpoint.Store) checkpoint.Doc {
	t.Helper()
	d, err := s.Load(t.Context())
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	return d
}

func expect(t *testing.T, s checkpoint.Store, generation uint64, text string) {
	t.Helper()
	if d := load(t, s); d.Generation != generation || string(d.Data) != text {
		t.Fatalf("Load = generation %d, %.40q; want %d, %q", d.Generation, d.Data, generation, text)
	}
}

func swap(t *testing.T, s checkpoint.Store, old checkpoint.Doc, text string) checkpoint.Doc {
	t.Helper()
	d, err := s.Swap(t.Context(), old, []byte(text))
	if err != nil {
		t.Fatalf("Swap after generation %d: %v", old.Generation, err)
	}
	return d
}

func refused(t *testing.T, s checkpoint.Store, old checkpoint.Doc) {
	t.Helper()
	d, err := s.Swap(t.Context(), old, []byte("must not count"))
	if !errors.Is(err, checkpoint.ErrConflict) {
		t.Fatalf("Swap after generation %d = %d, %v; want ErrConflict", old.Generation, d.Generation, err)
	}
}

func collect(t *testing.T, s checkpoint.Store, head checkpoint.Doc) {
	t.Helper()
	if err := s.Collect(t.Context(), head, 0); err != nil {
		t.Fatalf("Collect: %v", err)
	}
}

// fill swaps n times; each document is "text" and its generation.
func fill(t *testing.T, s checkpoint.Store, n int) checkpoint.Doc {
	t.Helper()
	d := load(t, s)
	for range n {
		d = swap(t, s, d, fmt.Sprint("text ", d.Generation+1))
	}
	return d
}

func number(n int) string { return fmt.Sprintf("%020d", n) }

// generations are the names of 20 characters that a place holds, sorted.
func generations(p Place) []string {
	names := slices.DeleteFunc(p.Names(), func(s string) bool { return len(s) != 20 })
	slices.Sort(names)
	return names
}
