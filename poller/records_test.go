package poller

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func someRecords(n int) Records {
	rng := rand.New(rand.NewPCG(3, 4))
	s := make(Records, n)
	for i := range s {
		s[i] = Record{rng.Uint64(), unixSeconds(simStart) - uint32(rng.IntN(72*3600)), Sinks(rng.IntN(4)), Code(rng.IntN(5))}
	}
	slices.SortFunc(s, compareRecords)
	return s
}

func TestRecordsSurvivesItsBlock(t *testing.T) {
	for _, n := range []int{0, 1, 1000} {
		want := someRecords(n)
		block := want.AppendBinary(nil)
		if max := 17*n + 16; len(block) > max {
			t.Errorf("%d rows take %d bytes", n, len(block))
		}
		got, err := DecodeRecords(block)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// The bytes are what deployed checkpoints hold: a change here needs a migration.
func TestBlockIsFixed(t *testing.T) {
	row := Key{"70422", "preload", "http://example.com/a"}
	created := unixSeconds(time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	for _, tt := range []struct {
		block string
		want  Record
	}{
		{"72777332" + "01000000" + "03ea6b40" + "982766aa4f8c3784" + "808dff6a" + "05000000" + "21", Record{row.Hash(), created, 5, codeFailed | codeOwed}},
		{"72777331" + "01000000" + "efabf9c0" + "982766aa4f8c3784" + "808dff6a" + "19", Record{row.Hash(), created, AllSinks, codeFailed}}, // format 1
	} {
		raw, err := hex.DecodeString(tt.block)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeRecords(raw)
		if diff := cmp.Diff(Records{tt.want}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", tt.block, err, diff)
		}
		if again := hex.EncodeToString(Records{tt.want}.AppendBinary(nil)); tt.block[:8] == "72777332" && again != tt.block {
			t.Errorf("written as %s", again)
		}
	}
}

func TestRecordsRefusesDamage(t *testing.T) {
	block := someRecords(20).AppendBinary(nil)
	for i := range block {
		for _, flip := range []byte{1, 0x80} {
			bad := bytes.Clone(block)
			bad[i] ^= flip
			if _, err := DecodeRecords(bad); !errors.Is(err, ErrRecords) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
		if _, err := DecodeRecords(block[:i]); !errors.Is(err, ErrRecords) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := DecodeRecords(append(block, 0)); !errors.Is(err, ErrRecords) {
		t.Errorf("a byte too many: %v", err)
	}
}

func TestRecordsWithKeepsOrder(t *testing.T) {
	all := someRecords(500)
	var some Records
	var added []Record
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

func FuzzDecodeRecords(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(Records{}.AppendBinary(nil))
	f.Add(someRecords(3).AppendBinary(nil))
	f.Add([]byte(block1Magic))
	f.Fuzz(func(t *testing.T, block []byte) {
		s, err := DecodeRecords(block)
		if err != nil {
			return
		}
		if string(block[:4]) == blockMagic && !bytes.Equal(s.AppendBinary(nil), block) {
			t.Error("what was accepted is written otherwise")
		}
	})
}

// What is claimed to follow costs nothing until it is there.
func TestDecodingIsBounded(t *testing.T) {
	lie := append([]byte(blockMagic), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := DecodeRecords(lie)
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; err == nil || spent > 64<<10 {
		t.Errorf("error %v, %d bytes allocated", err, spent)
	}
}

// bigState remembers finished rows of three days, and a few hundred others.
func bigState(rows int) State {
	s := State{Began: simStart, Finished: someRecords(rows), Rescanned: simStart, Settled: simStart.Add(-72 * time.Hour),
		Scanned: []Span{{simStart.Add(-72 * time.Hour), simStart}}}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, r := range traffic(rng, simStart.Add(-30*time.Minute), simStart, quotas(rows/10_000)...) {
		r.Status = Refreshing
		s.InFlight = append(s.InFlight, InFlight{Task: r.Task, FirstSeen: r.Created, Seen: simStart, Asked: simStart})
	}
	return s
}

var sizes = []int{100_000, 1_000_000}

func BenchmarkPlan(b *testing.B) {
	for _, n := range sizes {
		s := bigState(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Plan(simStart.Add(time.Minute), DefaultLimits())
			}
		})
	}
}

// BenchmarkPlanScattered has 5,000 rows in flight all over the three days.
func BenchmarkPlanScattered(b *testing.B) {
	s := bigState(100_000)
	rng := rand.New(rand.NewPCG(7, 8))
	for _, r := range traffic(rng, simStart.Add(-70*time.Hour), simStart, stream{"file", 1100, 1, true, 1, 2}, stream{"preload", 600, 1, true, 1, 2}) {
		r.Status = Refreshing
		s.InFlight = append(s.InFlight, InFlight{Task: r.Task, FirstSeen: r.Created})
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Plan(simStart.Add(time.Minute), DefaultLimits())
	}
}

// someOf is an answer that shows every tenth row in flight finished.
func someOf(s State, p Plan) Batch {
	var batch Batch
	for i, o := range s.InFlight {
		if i%10 == 0 {
			o.Status = Complete
		}
		batch.Tasks = append(batch.Tasks, o.Task)
	}
	fresh := p.Fresh
	fresh.end = whole
	batch.Windows, batch.Calls, batch.Now = []Window{fresh}, 5, p.At
	return batch
}

func BenchmarkDiff(b *testing.B) {
	for _, n := range sizes {
		s := bigState(n)
		p := s.Plan(simStart.Add(time.Minute), DefaultLimits())
		batch := someOf(s, p)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Diff(p, batch, p.At, Policy{})
			}
		})
	}
}

// BenchmarkTick is the poller's part of a run: decode, plan, what it takes to read, diff,
// encode.
func BenchmarkTick(b *testing.B) {
	for _, n := range sizes {
		s := bigState(n)
		block := s.Finished.AppendBinary(nil)
		p := s.Plan(simStart.Add(time.Minute), DefaultLimits())
		batch := someOf(s, p)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Finished, _ = DecodeRecords(block)
				s.Plan(p.At, DefaultLimits())
				NewReader(nil, s, 8)
				c := s.Diff(p, batch, p.At, Policy{})
				c.State.Finished.AppendBinary(nil)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	s := someRecords(100_000)
	b.ReportAllocs()
	for b.Loop() {
		s.AppendBinary(nil)
	}
}

func BenchmarkDecode(b *testing.B) {
	block := someRecords(100_000).AppendBinary(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeRecords(block); err != nil {
			b.Fatal(err)
		}
	}
}

// A right checksum does not make senseless rows right: whoever planted them, nothing
// may be concluded from them.
func TestRecordsRefusesSenselessRows(t *testing.T) {
	for name, rows := range map[string]Records{
		"a status that does not exist":  {{Hash: 1, Created: 1, Code: 5}},
		"another":                       {{Hash: 1, Created: 1, Code: 7}},
		"silent, and somebody notified": {{Hash: 1, Created: 1, Sinks: 1, Code: codeSilent}},
		"out of order":                  {{Hash: 1, Created: 2}, {Hash: 2, Created: 1}},
	} {
		if got, err := DecodeRecords(rows.AppendBinary(nil)); !errors.Is(err, ErrRecords) {
			t.Errorf("%s: %v, error %v", name, got, err)
		}
	}
	for code, right := range map[byte]bool{2: true, 1<<5 - 1: false, 3: false, 1 << 5: false, 1 << 7: false} {
		body := append(make([]byte, 12), code) // one row of format 1: hash, creation time, code
		block := binary.LittleEndian.AppendUint32([]byte("rws1\x01\x00\x00\x00"), crc32.Checksum(body, castagnoli()))
		if got, err := DecodeRecords(append(block, body...)); (err == nil) != right {
			t.Errorf("format 1, code %b: %v, error %v", code, got, err)
		}
	}
}
