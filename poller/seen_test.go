package poller

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func someSeen(n int) Seen {
	rng := rand.New(rand.NewPCG(3, 4))
	s := make(Seen, n)
	for i := range s {
		s[i] = Mark{rng.Uint64(), unixSeconds(simStart) - uint32(rng.IntN(72*3600)), Code(rng.IntN(2)) | Code(rng.IntN(8))<<2}
	}
	slices.SortFunc(s, compareMarks)
	return s
}

func TestSeenSurvivesItsBlock(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		want := someSeen(n)
		block := want.AppendBinary(nil)
		if max := 16*n + 16; len(block) > max {
			t.Errorf("%d rows take %d bytes", n, len(block))
		}
		got, err := DecodeSeen(block)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// The bytes are what deployed checkpoints hold: a change here needs a migration.
func TestSeenBlockIsFixed(t *testing.T) {
	row := Task{Key: Key{"70422", "preload", "http://example.com/a"}, Status: Failed, Created: simStart}
	block := Seen{{row.Hash(), unixSeconds(row.Created), codeFor(row, true)}}.AppendBinary(nil)
	const want = "72777331" + "01000000" + "efabf9c0" + "982766aa4f8c3784" + "808dff6a" + "19"
	if got := hex.EncodeToString(block); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSeenRefusesDamage(t *testing.T) {
	block := someSeen(20).AppendBinary(nil)
	for i := range block {
		for _, flip := range []byte{1, 0x80} {
			bad := bytes.Clone(block)
			bad[i] ^= flip
			if _, err := DecodeSeen(bad); !errors.Is(err, ErrSeen) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
		if _, err := DecodeSeen(block[:i]); !errors.Is(err, ErrSeen) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := DecodeSeen(append(block, 0)); !errors.Is(err, ErrSeen) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestSeenWithKeepsOrder(t *testing.T) {
	all := someSeen(500)
	var some Seen
	var added []Mark
	for i, m := range all {
		if i%7 == 3 {
			added = append(added, m)
		} else {
			some = append(some, m)
		}
	}
	slices.Reverse(added)
	if diff := cmp.Diff(all, some.with(added)); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodeSeen(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(Seen{}.AppendBinary(nil))
	f.Add(someSeen(3).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, block []byte) {
		s, err := DecodeSeen(block)
		if err != nil {
			return
		}
		if !bytes.Equal(s.AppendBinary(nil), block) {
			t.Error("what was accepted is written otherwise")
		}
	})
}

// bigState remembers 100,000 finished rows of three days, and a few hundred others.
func bigState() State {
	s := State{Began: simStart, Done: someSeen(100_000), Reconciled: simStart,
		Swept: []Span{{simStart.Add(-72 * time.Hour), simStart}}}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, r := range traffic(rng, simStart.Add(-30*time.Minute), simStart, quotas(10)...) {
		r.Status = Refreshing
		s.Open = append(s.Open, Open{Task: r.Task, FirstSeen: r.Created, Asked: simStart.Add(-time.Hour)})
	}
	return s
}

func BenchmarkPlan(b *testing.B) {
	s := bigState()
	b.ReportAllocs()
	for b.Loop() {
		s.Plan(simStart.Add(time.Minute), DefaultLimits())
	}
}

// BenchmarkPlanScattered has 5,000 unfinished rows all over the three days.
func BenchmarkPlanScattered(b *testing.B) {
	s := bigState()
	rng := rand.New(rand.NewPCG(7, 8))
	for _, r := range traffic(rng, simStart.Add(-70*time.Hour), simStart, stream{"file", 1100, 1, true, 1, 2}, stream{"preload", 600, 1, true, 1, 2}) {
		r.Status = Refreshing
		s.Open = append(s.Open, Open{Task: r.Task, FirstSeen: r.Created})
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Plan(simStart.Add(time.Minute), DefaultLimits())
	}
}

func BenchmarkDiff(b *testing.B) {
	s := bigState()
	p := s.Plan(simStart.Add(time.Minute), DefaultLimits())
	var batch Batch
	for i, o := range s.Open {
		if i%10 == 0 {
			o.Status = Complete
		}
		batch.Tasks = append(batch.Tasks, o.Task)
	}
	batch.Whole, batch.Calls = p.Queries, 5
	b.ReportAllocs()
	for b.Loop() {
		s.Diff(p, batch, p.At, Policy{Room: 1000})
	}
}

func BenchmarkEncode(b *testing.B) {
	s := someSeen(100_000)
	b.ReportAllocs()
	for b.Loop() {
		s.AppendBinary(nil)
	}
}

func BenchmarkDecode(b *testing.B) {
	block := someSeen(100_000).AppendBinary(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeSeen(block); err != nil {
			b.Fatal(err)
		}
	}
}
