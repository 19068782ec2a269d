package checkpointtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller/checkpoint"
)

// Place is one empty place to keep a document, and the hands to disturb it.
type Place struct {
	Open  func() checkpoint.Store        // another run's store on the same place
	Set   func(name string, data []byte) // writes an object behind the store's back, nil removes it
	Names func() []string                // the objects there are
	Age   func(d time.Duration)          // makes every object older
}

// Run is the specification of a Store. place is called for each part of it.
func Run(t *testing.T, place func(t *testing.T) Place) {
	for _, part := range []struct {
		name string
		run  func(t *testing.T, p Place)
	}{
		{"what was never written is generation 0", neverWritten},
		{"a swap makes the next generation", swapsAreCounted},
		{"a document comes back as it was", documentsComeBack},
		{"a stale swap is refused", staleSwapIsRefused},
		{"of sixteen writers one wins", oneOfSixteenWins},
		{"unsynchronised writers lose no update", updatesAreNotLost},
		{"a document of hours ago is refused after collection", zombieIsRefused},
		{"an old document that is still the head may swap", longRunMaySwap},
		{"collect keeps the first and the newest", collectKeeps},
		{"collect keeps what is younger than an hour", collectKeepsYoung},
		{"the number of generations is bounded", generationsAreBounded},
		{"leftovers of dead runs are removed", leftoversAreRemoved},
		{"a lost head is damage", lostHeadIsDamage},
		{"latest may be wrong", latestMayBeWrong},
		{"other objects do not matter", strangersDoNotMatter},
		{"a done context is an error", doneContext},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, place(t)) })
	}
}

func neverWritten(t *testing.T, p Place) {
	d := load(t, p.Open())
	if d.Generation != 0 || d.Data != nil {
		t.Errorf("Load = generation %d, %q", d.Generation, d.Data)
	}
	if d.Now.IsZero() || d.Now.Location() != time.UTC {
		t.Errorf("Now = %v", d.Now)
	}
	if err := p.Open().Collect(t.Context(), d, 0); err != nil {
		t.Errorf("Collect of nothing: %v", err)
	}
	if names := p.Names(); len(names) > 0 {
		t.Errorf("reading wrote %q", names)
	}
}

func swapsAreCounted(t *testing.T, p Place) {
	s := p.Open()
	d := load(t, s)
	for n := uint64(1); n <= 5; n++ {
		text := fmt.Sprint("text ", n)
		d = swap(t, s, d, text)
		if d.Generation != n || string(d.Data) != text || d.Now.Location() != time.UTC {
			t.Errorf("Swap = %d, %q, %v; want generation %d", d.Generation, d.Data, d.Now, n)
		}
		expect(t, p.Open(), n, text) // another run sees it at once
	}
}

func documentsComeBack(t *testing.T, p Place) {
	big := make([]byte, 4<<20)
	for i := range big {
		big[i] = byte(i * i >> 7)
	}
	s := p.Open()
	for _, want := range [][]byte{{}, {0}, []byte("\xff\x00\r\n\xfe"), big, []byte("small again")} {
		d, err := s.Swap(t.Context(), load(t, s), want)
		if err != nil {
			t.Fatal(err)
		}
		got := load(t, p.Open())
		if got.Generation != d.Generation || !bytes.Equal(got.Data, want) || got.Data == nil {
			t.Errorf("wrote %d bytes as generation %d, got %d bytes of generation %d",
				len(want), d.Generation, len(got.Data), got.Generation)
		}
	}
}

func staleSwapIsRefused(t *testing.T, p Place) {
	s, other := p.Open(), p.Open()
	empty := load(t, other)
	first := swap(t, s, load(t, s), "one")
	swap(t, s, first, "two")
	refused(t, other, empty)
	refused(t, other, first)
	expect(t, other, 2, "two")
}

func oneOfSixteenWins(t *testing.T, p Place) {
	const writers, rounds = 16, 12
	stores := make([]checkpoint.Store, writers)
	for i := range stores {
		stores[i] = p.Open()
	}
	for round := range rounds {
		d := load(t, p.Open())
		errs := make([]error, writers)
		var wg sync.WaitGroup
		for i, s := range stores {
			wg.Go(func() { _, errs[i] = s.Swap(t.Context(), d, fmt.Appendf(nil, "writer %d", i)) })
		}
		wg.Wait()
		winner := slices.Index(errs, nil)
		for i, err := range errs {
			if i != winner && !errors.Is(err, checkpoint.ErrConflict) {
				t.Fatalf("round %d: writer %d: %v; want one winner, else ErrConflict", round, i, err)
			}
		}
		if winner < 0 {
			t.Fatalf("round %d: nobody won", round)
		}
		expect(t, p.Open(), d.Generation+1, fmt.Sprint("writer ", winner))
	}
}

// updatesAreNotLost lets writers append their letter as fast as they can.
func updatesAreNotLost(t *testing.T, p Place) {
	const writers, letters = 4, 10
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			s := p.Open()
			for done := 0; done < letters; {
				d, err := s.Load(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = s.Swap(t.Context(), d, append(slices.Clone(d.Data), byte('a'+i)))
				switch {
				case err == nil:
					done++
				case !errors.Is(err, checkpoint.ErrConflict):
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	d := load(t, p.Open())
	for i := range writers {
		if n := bytes.Count(d.Data, []byte{byte('a' + i)}); n != letters {
			t.Errorf("writer %d: %d of %d letters are in %q", i, n, letters, d.Data)
		}
	}
}

// zombieIsRefused: a run that slept for hours must lose, even where the generation
// it would lose against was collected, and must not move the head back.
func zombieIsRefused(t *testing.T, p Place) {
	s := p.Open()
	docs := []checkpoint.Doc{load(t, s)}
	for i := range 40 {
		docs = append(docs, swap(t, s, docs[i], fmt.Sprint("text ", i+1)))
	}
	p.Age(2 * time.Hour)
	collect(t, s, docs[40])
	if n := len(generations(p)); n != 25 {
		t.Fatalf("%d generations are left, want the first and 24", n)
	}
	for _, d := range docs[:40] {
		d.Now = d.Now.Add(-2 * time.Hour)
		refused(t, p.Open(), d)
		expect(t, p.Open(), 40, "text 40")
	}
	swap(t, s, docs[40], "text 41")
}

func longRunMaySwap(t *testing.T, p Place) {
	s := p.Open()
	d := swap(t, s, load(t, s), "one")
	p.Age(5 * time.Hour)
	d.Now = d.Now.Add(-5 * time.Hour)
	swap(t, s, d, "two")
}

func collectKeeps(t *testing.T, p Place) {
	s := p.Open()
	d := fill(t, s, 60)
	p.Age(2 * time.Hour)
	collect(t, s, d)
	want := []string{number(1)}
	for n := 37; n <= 60; n++ {
		want = append(want, number(n))
	}
	if diff := cmp.Diff(want, generations(p)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	expect(t, p.Open(), 60, "text 60")
	p.Set("latest", nil)
	expect(t, p.Open(), 60, "text 60")
}

func collectKeepsYoung(t *testing.T, p Place) {
	s := p.Open()
	fill(t, s, 20)
	p.Age(50 * time.Minute)
	d := fill(t, s, 20)
	if err := s.Collect(t.Context(), d, 0); err != nil { // 0 counts as an hour
		t.Fatal(err)
	}
	if n := len(generations(p)); n != 40 {
		t.Errorf("%d of 40 young generations are left", n)
	}
	p.Age(30 * time.Minute) // now 80 and 30 minutes old
	if err := s.Collect(t.Context(), d, 3*time.Hour); err != nil {
		t.Fatal(err)
	}
	if n := len(generations(p)); n != 40 {
		t.Errorf("%d of 40 generations younger than three hours are left", n)
	}
	collect(t, s, d)
	if n := len(generations(p)); n != 25 {
		t.Errorf("%d generations are left, want 25", n)
	}
}

func generationsAreBounded(t *testing.T, p Place) {
	s := p.Open()
	most := 0
	for range 25 {
		d := fill(t, s, 10)
		p.Age(10 * time.Minute) // sixty swaps an hour
		collect(t, s, d)
		most = max(most, len(generations(p)))
	}
	if most > 1+60+24 {
		t.Errorf("there were up to %d generations", most)
	}
	expect(t, p.Open(), 250, "text 250")
}

func leftoversAreRemoved(t *testing.T, p Place) {
	s := p.Open()
	d := fill(t, s, 30)
	p.Set("tmp-old", []byte("half"))
	p.Set("probe-old", []byte("probe"))
	p.Age(2 * time.Hour)
	p.Set("tmp-young", []byte("half"))
	collect(t, s, d)
	names := p.Names()
	if slices.Contains(names, "tmp-old") || slices.Contains(names, "probe-old") {
		t.Errorf("leftovers stay: %q", names)
	}
	if !slices.Contains(names, "tmp-young") {
		t.Errorf("a write under way was removed: %q", names)
	}
}

func lostHeadIsDamage(t *testing.T, p Place) {
	s := p.Open()
	fill(t, s, 3)
	damaged := func(why string) {
		t.Helper()
		if d, err := p.Open().Load(t.Context()); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Errorf("%s: Load = generation %d, %v; want ErrCorrupt", why, d.Generation, err)
		}
	}
	p.Set(number(3), nil)
	damaged("the head is missing")
	p.Set(number(2), nil)
	damaged("only the first is left")
	p.Set(number(1), nil)
	damaged("only latest is left")
	p.Set("latest", nil)
	if d := load(t, p.Open()); d.Generation != 0 {
		t.Errorf("after everything was removed: generation %d", d.Generation)
	}
}

func latestMayBeWrong(t *testing.T, p Place) {
	s := p.Open()
	d := fill(t, s, 60)
	p.Age(2 * time.Hour)
	collect(t, s, d)
	for _, latest := range []string{"", "1", "7", "36", "37", "59", "60", "latest", "-3", "60\n", "99999999999999999999", "18446744073709551615"} {
		p.Set("latest", []byte(latest))
		expect(t, p.Open(), 60, "text 60")
	}
	p.Set("latest", nil)
	expect(t, p.Open(), 60, "text 60")
	swap(t, s, load(t, s), "text 61")
	expect(t, p.Open(), 61, "text 61")
}

func strangersDoNotMatter(t *testing.T, p Place) {
	for _, name := range []string{"readme", "7", "000000000000000000007", "0000000000000000007x", "-0000000000000000007", number(0)} {
		p.Set(name, []byte("not ours"))
	}
	s := p.Open()
	swap(t, s, load(t, s), "one")
	expect(t, p.Open(), 1, "one")
}

func doneContext(t *testing.T, p Place) {
	s := p.Open()
	d := fill(t, s, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Load(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Load: %v", err)
	}
	if _, err := s.Swap(ctx, d, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Swap: %v", err)
	}
}
