package watch

import (
	"errors"
	"fmt"
	"hash/crc32"
	"runtime"
	"strings"
	"testing"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/checkpoint"
)

// A planted document with a right checksum costs no more memory than a few times its
// size: 15 MB of {} took 3.5 GB.
func TestPlantedRowsAreRefused(t *testing.T) {
	plant := func(format, element string) []byte {
		head := fmt.Sprintf(format, strings.TrimSuffix(strings.Repeat(element+",", 500_000), ",")) + "\n"
		body := poller.Records(nil).AppendBinary([]byte(head))
		return append(fmt.Appendf(nil, documentLine, documentMagic, documentVersion, len(head), len(body)-len(head), crc32.Checksum(body, castagnoli())), body...)
	}
	for _, format := range []string{
		`{"outbox":{"pending":[%s]}}`, `{"outbox":{"dead":[%s]}}`, `{"poller":{"in_flight":[%s]}}`, `{"poller":{"windows":[%s]}}`,
		`{"poller":{"scanned":[%s]}}`, `{"backfill":{"rest":[%s]}}`, `{"outbox":{"pending":[{"id":"a","events":[%s]}]}}`,
	} {
		for _, element := range []string{"{}", "null", `{"id":""}`, "[]"} {
			data := plant(format, element)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := DecodeDocument(data)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, checkpoint.ErrCorrupt) {
				t.Errorf("%s of %s: %v, want corrupt", format, element, err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 10*uint64(len(data)) {
				t.Errorf("%s of %s: %d bytes allocated for %d", format, element, used, len(data))
			}
		}
	}
}

// The shortest rows that are ever written, and paths full of brackets, are no plant.
func TestOwnDocumentsAreNotCrowded(t *testing.T) {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var d Document
	for i := range 2000 {
		d.Poller.Scanned = append(d.Poller.Scanned, poller.Span{From: at, To: at})
		d.Poller.InFlight = append(d.Poller.InFlight, poller.InFlight{FirstSeen: at})
		d.Poller.Windows = append(d.Poller.Windows, poller.Window{Query: poller.Query{From: at, To: at}})
		task := poller.Task{Key: poller.Key{ObjectPath: strings.Repeat(`[,"\{`, 200)}}
		event := poller.Event{Task: task, Observed: at}
		d.Outbox.Pending = append(d.Outbox.Pending, notifier.Delivery{Message: sink.Message{ID: fmt.Sprint(i), Events: []poller.Event{event, {}}}})
	}
	for i := range MaxSinks {
		d.Sinks = append(d.Sinks, fmt.Sprint(i))
	}
	data, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeDocument(data); err != nil {
		t.Error(err)
	}
}
