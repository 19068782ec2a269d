package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

type (
	op    = checkpointtest.Op
	fault = checkpointtest.Fault
)

// faults are what one step can meet. Every write of the protocol meets every one.
func faults() map[string]fault {
	failed := errors.New("injected")
	return map[string]fault{
		"failed":               {Err: failed},
		"landed, answer lost":  {Err: failed, Landed: true},
		"lands an hour later":  {Err: failed, Late: time.Hour},
		"slow":                 {Delay: time.Second},
		"slow past deadline":   {Delay: time.Hour},
		"late past deadline":   {Delay: time.Hour, Late: time.Hour},
		"landed past deadline": {Delay: time.Hour, Landed: true},
		"killed before":        {Kill: true},
		"killed after":         {Kill: true, Landed: true},
	}
}

// TestEveryStepEveryFault runs load, swap and collect with one step disturbed, and
// looks at what is left: the head is the old or the new document, and the next run
// gets on. No single fault looks like damage or like somebody else's win.
func TestEveryStepEveryFault(t *testing.T) {
	for name, f := range faults() {
		for step := range 40 {
			reached := true
			synctest.Test(t, func(t *testing.T) { reached = disturb(t, name, f, step) })
			if !reached {
				break // the run has fewer steps
			}
		}
	}
}

func disturb(t *testing.T, name string, f fault, step int) (reached bool) {
	mem := checkpointtest.NewMem()
	fill(t, mem, 30)
	mem.Age(2 * time.Hour)
	steps := 0
	run := mem.Process(func(op) fault {
		defer func() { steps++ }()
		if steps == step {
			return f
		}
		return fault{}
	})
	err := tick(run, "new")
	head := load(t, mem)
	where := fmt.Sprintf("%s at step %d: %v", name, step, err)
	switch text := string(head.Data); {
	case text != "new" && text != "text 30":
		t.Errorf("%s: the head is %q", where, text)
	case err == nil && text != "new":
		t.Errorf("%s: won, but the head is %q", where, text)
	case errors.Is(err, checkpoint.ErrConflict):
		t.Errorf("%s: conflict with nobody", where)
	}
	next, err := mem.Swap(t.Context(), head, []byte("next"))
	must(t, err)
	time.Sleep(3 * time.Hour) // what was late has landed now
	if d := load(t, mem); d.Generation != next.Generation || string(d.Data) != "next" {
		t.Errorf("%s: the head was moved back to %d, %q", where, d.Generation, d.Data)
	}
	return steps > step
}

// tick is a run: nil when its swap was acknowledged. Being killed is an error.
func tick(s checkpoint.Store, text string) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case checkpointtest.Killed{}:
			err = errors.New("killed")
		default:
			panic(p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := s.Load(ctx)
	if err != nil {
		return err
	}
	head, err := s.Swap(ctx, d, []byte(text))
	if err != nil {
		return err
	}
	_ = s.Collect(ctx, head, 0) // its failure is harmless, which is what is tested
	return nil
}

// TestHistoriesWithFaults lets four runs at a time append their marks while one step
// in eight is disturbed. Each acknowledged mark is in the end, and each mark is
// there at most once: the head never moved back, and no two documents had the same
// parent.
func TestHistoriesWithFaults(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) { history(t, seed) })
	}
}

func history(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	kinds := faults()
	names := slices.Sorted(maps.Keys(kinds)) // in one order, as the seed wants it
	mem := checkpointtest.NewMem()
	var mu sync.Mutex // of rng and acknowledged
	var acknowledged []string
	hook := func(op) fault {
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(8) > 0 {
			return fault{Delay: time.Duration(rng.IntN(50)) * time.Millisecond}
		}
		return kinds[names[rng.IntN(len(names))]]
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 50 {
				mark := fmt.Sprintf("<%d.%d>", worker, i)
				if mem := mem.Process(hook); appendMark(mem, mark) == nil {
					mu.Lock()
					acknowledged = append(acknowledged, mark)
					mu.Unlock()
				}
				time.Sleep(time.Minute)
			}
		})
	}
	wg.Wait()
	time.Sleep(3 * time.Hour)
	text := load(t, mem).Data
	for _, mark := range acknowledged {
		if !bytes.Contains(text, []byte(mark)) {
			t.Errorf("seed %d: %s was acknowledged and is lost", seed, mark)
		}
	}
	marks := bytes.SplitAfter(text, []byte(">"))
	slices.SortFunc(marks, bytes.Compare)
	if twice := len(marks) - len(slices.CompactFunc(marks, bytes.Equal)); twice > 0 {
		t.Errorf("seed %d: %d marks are there twice in %s", seed, twice, text)
	}
	if len(acknowledged) < 20 {
		t.Errorf("seed %d: only %d marks were acknowledged", seed, len(acknowledged))
	}
}

// appendMark is a tick that extends the document.
func appendMark(s checkpoint.Store, mark string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	d, err := safely(func() (checkpoint.Doc, error) { return s.Load(ctx) })
	if err != nil {
		return err
	}
	d, err = safely(func() (checkpoint.Doc, error) {
		return s.Swap(ctx, d, append(slices.Clone(d.Data), mark...))
	})
	if err != nil {
		return err
	}
	_, _ = safely(func() (checkpoint.Doc, error) { return d, s.Collect(ctx, d, 0) })
	return nil
}

// safely makes an error of being killed.
func safely(f func() (checkpoint.Doc, error)) (d checkpoint.Doc, err error) {
	defer func() {
		if p := recover(); p == (checkpointtest.Killed{}) {
			err = errors.New("killed")
		} else if p != nil {
			panic(p)
		}
	}()
	return f()
}

// TestBoundedForEver: two swaps a minute for three days.
func TestBoundedForEver(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine and much work: left out where only races are looked for")
	}
	synctest.Test(t, func(t *testing.T) {
		mem := checkpointtest.NewMem()
		d, most := load(t, mem), 0
		for range 10_000 {
			time.Sleep(30 * time.Second)
			var err error
			d, err = mem.Swap(t.Context(), d, []byte("x"))
			must(t, err)
			must(t, mem.Collect(t.Context(), d, time.Hour))
			most = max(most, len(mem.Names()))
		}
		if most > 123 { // latest, the first, and those of an hour
			t.Errorf("there were up to %d objects", most)
		}
		if d := load(t, mem); d.Generation != 10_000 {
			t.Errorf("generation %d", d.Generation)
		}
	})
}

// TestBacklogIsCollected: what many runs without time to collect left behind.
func TestBacklogIsCollected(t *testing.T) {
	mem := checkpointtest.NewMem()
	d := fill(t, mem, 450)
	mem.Age(2 * time.Hour)
	for range 5 {
		must(t, mem.Collect(t.Context(), d, time.Hour))
	}
	if n := len(mem.Names()); n != 26 {
		t.Errorf("%d objects are left, want latest, the first and 24", n)
	}
}

// lagging is a place whose listing is behind its writes by some generations.
type lagging struct {
	checkpoint.Backend
	hidden map[string]bool
}

func (l lagging) List(ctx context.Context) (checkpoint.Listing, error) {
	all, err := l.Backend.List(ctx)
	all.Entries = slices.DeleteFunc(all.Entries, func(e checkpoint.Entry) bool { return l.hidden[e.Name] })
	return all, err
}

// TestListingMayLag: OSS promises reads after writes, but says nothing of listings.
func TestListingMayLag(t *testing.T) {
	mem := checkpointtest.NewMem()
	fill(t, mem, 9)
	hidden := map[string]bool{}
	for n := 5; n <= 9; n++ {
		hidden[fmt.Sprintf("%020d", n)] = true
	}
	store := checkpoint.New(lagging{mem.Backend(), hidden})
	for _, latest := range []string{"9", "7", "3", ""} {
		mem.Set("latest", []byte(latest))
		if d := load(t, store); d.Generation != 9 {
			t.Errorf("latest %q: generation %d, want 9", latest, d.Generation)
		}
	}
}

// TestGoneBetweenListAndRead is an error, but neither emptiness nor damage.
func TestGoneBetweenListAndRead(t *testing.T) {
	mem := checkpointtest.NewMem()
	fill(t, mem, 3)
	reader := mem.Process(func(o op) fault {
		if o.Verb == checkpointtest.Get && o.N == 2 {
			mem.Set(o.Name, nil)
		}
		return fault{}
	})
	d, err := reader.Load(t.Context())
	if err == nil || errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("Load = generation %d, %v", d.Generation, err)
	}
}

// fill swaps n times; each document is "text" and its generation.
func fill(t *testing.T, s checkpoint.Store, n int) checkpoint.Doc {
	t.Helper()
	d := load(t, s)
	for range n {
		var err error
		d, err = s.Swap(t.Context(), d, fmt.Appendf(nil, "text %d", d.Generation+1))
		must(t, err)
	}
	return d
}
