package notifier

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// Bounds of one delivery.
const (
	maxMessages   = 5      // more messages than this for one sink in one run become a digest
	maxDigestRows = 2500   // rows one digest speaks for, so that 10,000 rows stay under ten messages
	maxBatchRows  = 50     // fixed by the contract
	maxBatchBytes = 19_000 // Standard Webhooks advises bodies under 20 KB (spec, read 2026-11)
)

// Batch turns the events that routes sent to one sink into deliveries. All of them
// have stable ids: the same events give the same deliveries.
func Batch(to string, grouping sink.Grouping, events []Routed, now time.Time) []Delivery {
	groups := chunk(grouping, group(grouping, events))
	digest := grouping == sink.PerTask && len(groups) > maxMessages
	if digest {
		groups = chunk(grouping, group(sink.Batched, events))
	}
	deliveries := make([]Delivery, 0, len(groups))
	for _, g := range groups {
		deliveries = append(deliveries, g.delivery(to, digest, now))
	}
	return deliveries
}

func (b bundle) delivery(to string, digest bool, now time.Time) Delivery {
	d := Delivery{Message: sink.Message{Sink: to, Kind: b.kind, Events: b.events, Mention: b.mention, Digest: digest, Created: now}}
	d.ID = deliveryID(d)
	return d
}

// Routed is an event on its way to one sink.
type Routed struct {
	Event   poller.Event
	Mention string
}

// bundle is what may share a message.
type bundle struct {
	kind    poller.Kind
	mention string
	taskID  string // only per task: the rows of one submission share a message
	events  []poller.Event
}

func group(grouping sink.Grouping, events []Routed) []bundle {
	type key struct {
		kind            poller.Kind
		mention, taskID string
	}
	at := map[key]int{}
	var bundles []bundle
	for _, r := range events {
		k := key{kind: r.Event.Kind, mention: r.Mention}
		if grouping == sink.PerTask { // one message, whomever it mentions: see Routes.Mention
			k.mention, k.taskID = "", r.Event.Task.TaskID
		}
		i, ok := at[k]
		if !ok {
			i = len(bundles)
			at[k] = i
			bundles = append(bundles, bundle{kind: k.kind, mention: r.Mention, taskID: k.taskID})
		}
		bundles[i].events = append(bundles[i].events, r.Event)
	}
	return bundles
}

// chunk cuts bundles that are too large for one message.
func chunk(grouping sink.Grouping, bundles []bundle) []bundle {
	var cut []bundle
	for _, b := range bundles {
		for len(b.events) > 0 {
			n := fitting(grouping, b.events)
			part := b
			part.events, b.events = b.events[:n:n], b.events[n:]
			cut = append(cut, part)
		}
	}
	return cut
}

// fitting is how many of the events one message takes, at least one.
func fitting(grouping sink.Grouping, events []poller.Event) int {
	if grouping == sink.PerTask {
		return min(len(events), maxDigestRows)
	}
	bytes := 0
	for i, e := range events[:min(len(events), maxBatchRows)] {
		// 240 for the field names, the times and what else is of one length.
		bytes += 240 + textBytes(e.Task.TaskID) + textBytes(e.Task.ObjectPath) + textBytes(e.Task.Domain()) + textBytes(e.Task.Description)
		if bytes > maxBatchBytes && i > 0 {
			return i
		}
	}
	return min(len(events), maxBatchRows)
}

func deliveryID(d Delivery) string {
	h := sha256.New()
	h.Write([]byte(d.Sink + "\x00" + string(d.Kind) + "\x00"))
	ids := make([]string, len(d.Events))
	for i, e := range d.Events {
		ids[i] = e.ID()
	}
	slices.Sort(ids)
	for _, id := range ids {
		h.Write([]byte(id))
	}
	if d.Notice != nil {
		h.Write([]byte(d.Notice.From.UTC().Format(time.RFC3339Nano) + d.Notice.Code))
	}
	return "d_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// Notices makes the deliveries that report something about refreshwatch itself to
// every target.
func Notices(targets []Target, kind poller.Kind, notice *template.Notice, now time.Time) []Delivery {
	var deliveries []Delivery
	for _, t := range targets {
		d := Delivery{Message: sink.Message{Sink: t.Name, Kind: kind, Notice: notice, Created: now}}
		d.ID = deliveryID(d)
		deliveries = append(deliveries, d)
	}
	return deliveries
}
