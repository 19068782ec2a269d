package watch

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint"
)

// The first run of this release, on a checkpoint of the release before, may die before
// or after any of its steps: what was notified then is not notified again, what was in
// flight is notified when it finishes, and a sink that is added later misses nothing but
// what was notified before it was there.
func TestUpgradeThroughAKilledRun(t *testing.T) {
	for _, death := range []effect{killed, died} {
		for step := 0; ; step++ {
			reached := true
			synctest.Test(t, func(t *testing.T) { reached = upgradeAt(t, step, death) })
			if !reached {
				if step < 6 {
					t.Errorf("only %d steps were tried: the run has more", step)
				}
				break
			}
		}
	}
}

func upgradeAt(t *testing.T, n int, death effect) (reached bool) {
	w := newWorld(t, "ops")
	now := time.Now()
	const notified, silent, flying, rows = 5, 5, 3, 13
	for i := range rows {
		steps := apitest.Finish(time.Minute)
		if i >= notified+silent {
			steps = apitest.Finish(90 * time.Minute)
		}
		w.add(apitest.Task{Key: key(i), Created: now.Add(-time.Hour), Steps: steps})
	}
	var done []poller.Key
	for i := range notified + silent {
		done = append(done, key(i))
	}
	var open []map[string]any
	for i := notified + silent; i < rows; i++ {
		k := key(i)
		open = append(open, map[string]any{"task_id": k.TaskID, "object_type": k.ObjectType, "object_path": k.ObjectPath, "status": "Refreshing",
			"created_at": now.Add(-time.Hour).UTC().Truncate(time.Second), "first_seen": now.UTC()})
	}
	document := formatOne(t, map[string]any{
		"began": now.Add(-2 * time.Hour), "open": open,
		"swept": []map[string]any{{"From": now.Add(-71 * time.Hour).UTC().Truncate(time.Second), "To": now.UTC().Truncate(time.Second)}},
	}, now.Add(-time.Hour), done, notified)
	if _, err := w.store.Process(nil).Swap(context.Background(), checkpoint.Doc{}, document); err != nil {
		t.Fatal(err)
	}

	time.Sleep(time.Hour) // the flying ones finish
	p := w.process()
	steps := 0
	p.fault = func(string) effect {
		if steps++; steps == n+1 {
			reached = true
			return death
		}
		return fine
	}
	p.run(Request{Action: ActionPoll})
	time.Sleep(5 * time.Minute)
	w.poll()
	time.Sleep(time.Minute)
	w.poll()

	for i := range rows {
		got, want := w.sinks[0].notified[key(i)], 0
		if i >= notified+silent {
			want = 1
		}
		if got != want && !(got == 2 && reached && len(p.sent()) > 0) { // sent, and dead before it was recorded
			t.Errorf("death %d at step %d: row %d was notified %d times, want %d", death, n, i, got, want)
		}
	}
	for i := notified + silent; i < rows; i++ {
		if said := w.sinks[0].notifications[key(i)]; len(said) > 0 && said[0].Event.From != poller.Refreshing {
			t.Errorf("death %d at step %d: row %d came from %q, and was known in flight", death, n, i, said[0].Event.From)
		}
	}
	w.do(Request{Action: ActionBackfill})
	for i := range notified + silent {
		if got, want := w.sinks[0].notified[key(i)], min(1, i/notified); got != want {
			t.Errorf("death %d at step %d: after a backfill row %d was notified %d times, want %d", death, n, i, got, want)
		}
	}
	w.sinks = append(w.sinks, newInbox("later"))
	if r := w.do(Request{Action: ActionBackfill, Sinks: []string{"later"}}); r.Covered != rows {
		t.Errorf("death %d at step %d: the later sink's backfill covers %d rows, want %d", death, n, r.Covered, rows)
	}
	return reached
}

// formatOne is a document as the first release wrote it: the first of the finished rows
// were notified, the others were not.
func formatOne(t *testing.T, state map[string]any, created time.Time, finished []poller.Key, notified int) []byte {
	t.Helper()
	head, err := json.MarshalIndent(map[string]any{"commit": "old-1", "written": time.Now(), "poller": state}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	head = append(head, '\n')
	codes := map[uint64]byte{}
	var hashes []uint64
	for i, k := range finished {
		hashes = append(hashes, k.Hash())
		if i < notified {
			codes[k.Hash()] = 1 << 4
		}
	}
	slices.Sort(hashes)
	le := binary.LittleEndian
	var columns []byte
	for _, h := range hashes {
		columns = le.AppendUint64(columns, h)
	}
	for range hashes {
		columns = le.AppendUint32(columns, uint32(created.Unix()))
	}
	for _, h := range hashes {
		columns = append(columns, codes[h])
	}
	block := le.AppendUint32(le.AppendUint32([]byte("rws1"), uint32(len(hashes))), crc32.Checksum(columns, castagnoli()))
	block = append(block, columns...)
	body := append(head, block...)
	return append(fmt.Appendf(nil, documentLine, documentMagic, 1, len(head), len(block), crc32.Checksum(body, castagnoli())), body...)
}
