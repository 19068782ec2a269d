package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// readings are what a run knows of a window, and no document holds.
var readings = cmpopts.IgnoreUnexported(poller.Window{})

var update = flag.Bool("update", false, "write the golden files anew")

// A document of each version that was ever released must keep loading.
func TestGoldenDocuments(t *testing.T) {
	want := sampleDocument(3)
	path := fmt.Sprintf("../../testdata/golden/document-v%d", documentVersion)
	if _, err := os.Stat(path); *update && errors.Is(err, fs.ErrNotExist) { // a released one stays as it was written
		text, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for version := 1; version <= documentVersion; version++ {
		text, err := os.ReadFile(fmt.Sprintf("../../testdata/golden/document-v%d", version))
		if err != nil {
			t.Fatal(err)
		}
		want := want
		if version == 1 { // which knew neither sinks nor windows, and had backfills of another kind
			want.Backfill, want.Sinks, want.Poller.Windows, want.Poller.Stuck = nil, nil, nil, 0
		}
		if !bytes.Contains(text, []byte(`subteam^S1`)) {
			t.Errorf("version %d plants no mention", version)
		}
		got, err := DecodeDocument(text)
		if diff := cmp.Diff(want, got, readings); err != nil || diff != "" {
			t.Errorf("version %d: error %v, document (-want +got):\n%s", version, err, diff)
		}
	}
}

// Damage is never guessed around, and a newer version is left to a newer program.
func TestDamagedDocuments(t *testing.T) {
	good, err := sampleDocument(3).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		if _, err := DecodeDocument(good[:i]); !errors.Is(err, checkpoint.ErrCorrupt) {
			t.Fatalf("cut at %d: error %v", i, err)
		}
		bad := append([]byte{}, good...)
		bad[i] ^= 0x20
		if _, err := DecodeDocument(bad); err == nil {
			t.Fatalf("byte %d changed, and nobody noticed: %q", i, bad[max(0, i-20):min(len(bad), i+20)])
		}
	}
	if _, err := DecodeDocument([]byte("refreshwatch 3 9 9 00000000\n{}")); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer document: error %v", err)
	}
	if _, err := DecodeDocument(append(good, 0)); !errors.Is(err, checkpoint.ErrCorrupt) {
		t.Errorf("a byte too many: error %v", err)
	}
	for _, data := range []string{"broken\n", "refreshwatch 3 9 9 00000000\n{}"} {
		var store *checkpoint.Error
		if _, err := DecodeDocument([]byte(data)); !errors.As(err, &store) || store.Next == "" {
			t.Errorf("%q: nobody says what to do: %v", data, err)
		}
	}
}

func FuzzDecodeDocument(f *testing.F) {
	good, err := sampleDocument(2).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("refreshwatch 2 3 0 00000000\n{}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := DecodeDocument(text)
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := DecodeDocument(again); err != nil || cmp.Diff(d, back, readings) != "" {
			t.Errorf("does not survive its own encoding: %v", err)
		}
	})
}

// FuzzSealedDocument puts a true checksum on whatever it is, or no mutation would
// get past it.
func FuzzSealedDocument(f *testing.F) {
	good := sampleDocument(2)
	head, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(head, good.Poller.Finished.AppendBinary(nil))
	f.Add([]byte(`{"commit":"run-1"}`), poller.Records{}.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, head, block []byte) {
		body := append(slices.Clip(head), block...)
		line := fmt.Appendf(nil, documentLine, documentMagic, documentVersion, len(head), len(block), crc32.Checksum(body, castagnoli()))
		d, err := DecodeDocument(append(line, body...))
		if err != nil {
			return
		}
		again, err := d.Encode()
		if err != nil {
			return // a time no JSON can hold
		}
		if _, err := DecodeDocument(again); err != nil {
			t.Errorf("does not survive its own encoding: %v", err)
		}
	})
}

// documentSizes are the rows of the benchmarks, and of the figure below.
var documentSizes = []int{100_000, 1_000_000}

func BenchmarkEncodeDocument(b *testing.B) {
	for _, rows := range documentSizes {
		d := rememberingDocument(rows)
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Encode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodeDocument(b *testing.B) {
	for _, rows := range documentSizes {
		text, err := rememberingDocument(rows).Encode()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := DecodeDocument(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// rememberingDocument has so many finished rows and nothing else.
func rememberingDocument(rows int) Document {
	d := Document{Sinks: []string{"ops", "hook"}}
	for i := range rows {
		d.Poller.Finished = append(d.Poller.Finished, poller.Record{Hash: uint64(i) * 0x9e3779b97f4a7c15, Created: uint32(i), Sinks: 3})
	}
	return d
}

// A remembered row takes 17 bytes of the document, and never more than 20.
//
//	go test ./function/watch -run TestFigureDocument -v
func TestFigureDocument(t *testing.T) {
	for _, rows := range documentSizes {
		text, err := rememberingDocument(rows).Encode()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d rows: %d bytes, %.2f a row", rows, len(text), float64(len(text))/float64(rows))
		if len(text) > 20*rows {
			t.Errorf("%d bytes for %d rows", len(text), rows)
		}
	}
}

// sampleDocument has something in every field, and so many finished rows.
func sampleDocument(rows int) Document {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	task := func(i int, s poller.Status) poller.Task {
		return poller.Task{Key: key(i), Status: s, Process: "100%", Created: at.Add(time.Duration(i) * time.Second)}
	}
	var batch poller.Batch
	for i := range rows {
		batch.Tasks = append(batch.Tasks, task(i, poller.Complete))
	}
	now := at.Add(36 * time.Hour)
	change := poller.State{}.Diff(poller.Plan{At: now, Limits: poller.DefaultLimits()}, batch, now, poller.Policy{})
	event := poller.Event{Kind: poller.Finished, Task: task(-1, poller.Failed), From: poller.Refreshing, Observed: at}
	waiting := notifier.Batch("ops", sink.PerTask, []notifier.Routed{{Event: event, Mention: "<!subteam^S1>"}}, at)
	waiting[0].Mention = "" // read from today's routes, never from a document
	dead := notifier.Batch("hook", sink.Batched, []notifier.Routed{{Event: event}}, at)
	dead[0].LastError, dead[0].Attempts = "http_410: gone", 1
	d := Document{
		Commit: "run-1", Written: at, Last: &Report{Action: ActionPoll, Run: "run", New: rows},
		Health: Health{Failures: 2, Since: at},
		Backfill: &Resume{Request: "fingerprint", Rest: []poller.Window{{
			Query: poller.Query{From: at.Add(-time.Hour), To: at, Status: poller.Failed, ObjectType: "file"},
			Next:  3, Total: 120, Own: true,
		}}},
		Sinks:  []string{"ops", "hook"},
		Poller: change.State,
		Outbox: notifier.Outbox{Pending: waiting, Dead: dead},
	}
	d.Poller.InFlight = []poller.InFlight{{Task: task(-2, poller.Refreshing), FirstSeen: at, Stalled: true}}
	d.Poller.Stuck = 2
	d.Poller.Windows = []poller.Window{{Query: poller.Query{From: at.Add(-time.Hour), To: at}, Next: 7, Total: 480, Before: 470, Passes: 1}}
	return d
}

// A document at its bound takes no new rows: they are held back, what it holds goes on, and
// somebody has to know.
func TestAFullDocumentHoldsRowsBackAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops")
		w.poll()
		doc := w.head()
		w.add(apitest.Task{Key: key(0), Created: time.Now(), Steps: apitest.Finish(0)})
		head, err := doc.Encode()
		if err != nil {
			t.Fatal(err)
		}
		created := uint32(time.Now().Unix())
		for i := range (MaxDocument - len(head) - 300) / 17 {
			doc.Poller.Finished = append(doc.Poller.Finished, poller.Record{Hash: uint64(i), Created: created - 3600})
		}
		full, err := doc.Encode()
		if err != nil {
			t.Fatal(err)
		}
		w.store.Set("00000000000000000001", full)
		time.Sleep(time.Minute)
		r, err, _ := w.process().run(Request{Action: ActionPoll})
		if Code(err) != CodeOutboxFull || r.Held != 1 || r.Sent != 0 || !r.Truncated {
			t.Errorf("%+v, %v: want one row held back and %s", r, err, CodeOutboxFull)
		}
	})
}
