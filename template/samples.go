package template

import (
	"fmt"
	"strings"
	"time"

	"refreshwatch/poller"
)

// Sample is a message to look at, and to try templates on.
type Sample struct {
	Name    string // lower case, dashes
	Message Message
}

// Samples are the messages that people look at, and that overrides are tried on:
// each kind, each size.
func Samples() []Sample {
	digest := finished("digest", many(100)...)
	digest.Message.Digest = true
	return []Sample{
		finished("complete", event(0, poller.Complete, "")),
		finished("failed", event(1, poller.Failed, "Origin Return StatusCode 5XX")),
		finished("batch", batch(40, 2)...),
		digest,
		finished("timeout", event(2, poller.Timeout, "")),
		finished("canceled", event(0, poller.Canceled, "")),
		finished("changed", changed()),
		backfill(),
		{"stalled", message(poller.Stalled, inFlight(3, poller.Stalled, 2*time.Hour)...)},
		{"expired", message(poller.Expired, inFlight(1, poller.Expired, 73*time.Hour)...)},
		{"gap", notify(Gap, Notice{From: sampleTime().Add(-80 * time.Hour), To: sampleTime().Add(-72 * time.Hour)})},
		{"trouble", notify(Trouble, Notice{
			From: sampleTime().Add(-15 * time.Minute), Code: "Forbidden.RAM", Count: 3,
			Message: "the key may not read the tasks", Hint: "Grant vod:DescribeVodRefreshTasks to the function's role.",
		})},
		{"recovered", notify(Recovered, Notice{From: sampleTime().Add(-20 * time.Minute), To: sampleTime(), Count: 4})},
		{"quota", notify(LowQuota, Notice{
			From: sampleTime(), Code: "quota", Quota: []poller.Quota{{ObjectType: "preload", Left: 23, Total: 500}},
		})},
		{"quotas", notify(LowQuota, Notice{
			From: sampleTime(), Code: "quota", Quota: []poller.Quota{{ObjectType: "file", Left: 112, Total: 2000}, {ObjectType: "preload", Left: 0, Total: 500}},
		})},
		{"test", notify(Test, Notice{})},
	}
}

// Hostile are messages for tests of sinks and overrides: fields that are empty,
// endless, or try to break out.
func Hostile() []Sample {
	return []Sample{
		finished("chinese", chinese()),
		finished("hostile", hostile()...),
		finished("empty", poller.Event{Kind: poller.Finished, Task: poller.Task{Status: poller.Failed}}),
	}
}

func finished(name string, events ...poller.Event) Sample {
	return Sample{name, message(poller.Finished, events...)}
}

func sampleTime() time.Time { return time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC) }

func message(kind poller.Kind, events ...poller.Event) Message {
	return Message{
		ID: "0f3c9a51d2b84e6f9a7c1b20d4e5f6a7", Kind: kind, Events: events,
		Region: "cn-shanghai", Now: sampleTime().Add(2 * time.Second),
	}
}

func notify(kind poller.Kind, n Notice) Message {
	m := message(kind)
	m.Notice = &n
	return m
}

// event is the i-th of a stream of unremarkable rows.
func event(i int, status poller.Status, description string) poller.Event {
	kind, path := "file", fmt.Sprintf("https://cdn.example.com/video/2026/part-%02d.mp4", i)
	switch i {
	case 0:
		path = "https://cdn.example.com/video/2026/intro.mp4"
	case 1:
		kind, path = "preload", "https://cdn.example.com/series/the-long-winter/season-02/episode-07/trailer.mp4"
	case 2:
		kind, path = "directory", "https://cdn.example.com/series/the-long-winter/season-02/11/"
	}
	process := "100%"
	if status != poller.Complete {
		process = "60%"
	}
	return poller.Event{
		Kind: poller.Finished, From: poller.Refreshing, Observed: sampleTime(),
		Task: poller.Task{
			Key:    poller.Key{TaskID: "14589032781", ObjectType: kind, ObjectPath: path},
			Status: status, Process: process, Description: description,
			Created: sampleTime().Add(-6 * time.Minute),
		},
		EndedAfter: sampleTime().Add(-time.Minute), EndedBefore: sampleTime(),
	}
}

// batch is n rows of one submission, the last of which failed.
func batch(n, failed int) []poller.Event {
	events := make([]poller.Event, n)
	for i := range events {
		events[i] = event(i+3, poller.Complete, "")
		if i >= n-failed {
			events[i] = event(i+3, poller.Failed, "Origin Timeout")
		}
	}
	return events
}

// many is n rows of many submissions, types, domains and reasons.
func many(n int) []poller.Event {
	types := []string{"file", "file", "preload", "directory"}
	reasons := []string{"Internal Error", "OriginTimeout", "Origin Return StatusCode 503", "Object locked by legal hold", "Origin Return StatusCode 404"}
	events := make([]poller.Event, n)
	for i := range events {
		e := event(i, poller.Complete, "")
		e.Task.TaskID = fmt.Sprint(14589032781 + i/5)
		e.Task.Created = e.Task.Created.Add(-time.Duration(i/5%3) * time.Minute)
		e.Task.ObjectType = types[i%len(types)]
		e.Task.ObjectPath = fmt.Sprintf("https://img%d.example.com/catalog/%04d/cover.webp", i%5, i)
		if e.Task.ObjectType == "directory" {
			e.Task.ObjectPath = fmt.Sprintf("https://img%d.example.com/catalog/%04d/", i%5, i)
		}
		if i%11 == 3 {
			e.Task.Status, e.Task.Description = poller.Failed, reasons[i/11%len(reasons)]
		}
		events[i] = e
	}
	return events
}

func chinese() poller.Event {
	e := event(0, poller.Failed, "Origin Timeout")
	e.Task.ObjectType = "preload"
	e.Task.ObjectPath = "https://视频.example.com/课程/第三讲：" + strings.Repeat("缓存与预热的原理", 12) + "（高清）.mp4"
	return e
}

// hostile is fields that try to call people, to format, to link and to log in.
func hostile() []poller.Event {
	paths := []string{
		"https://cdn.example.com/<!channel>/a&b\"c'd.mp4",
		"https://cdn.example.com/`rm -rf`/*bold*_it_~no~\n# line two\r\n> quote",
		"https://cdn.example.com/[click](https://evil.example)/<at user_id=\"all\">all</at>/@all.mp4",
		"https://user:hunter2@cdn.example.com/v.mp4?auth_key=1735689600-0-0-8a7f&x=1&Signature=abc%3D&OSSAccessKeyId=LTAI",
		"https://cdn.example.com/\x1b[31mred\x07\u202egpj.exe",
		"https://cdn.example.com/" + strings.Repeat("very-long-directory-name/", 40) + "final-file-name.mp4",
	}
	events := make([]poller.Event, len(paths))
	for i, path := range paths {
		events[i] = event(i, poller.Failed, "<@U012345> *said* :fire: `no` & more")
		events[i].Task.ObjectPath = path
	}
	return events
}

func changed() poller.Event {
	e := event(0, poller.Complete, "")
	e.From, e.LastChange = poller.Failed, true
	return e
}

// backfill is a failure of days ago, which no poll has seen in flight.
func backfill() Sample {
	e := event(1, poller.Failed, "Origin Timeout")
	e.From, e.EndedAfter, e.EndedBefore = "", time.Time{}, time.Time{}
	e.Task.Created = sampleTime().Add(-50 * time.Hour)
	s := finished("backfill", e)
	s.Message.Action = "backfill"
	return s
}

func inFlight(n int, kind poller.Kind, age time.Duration) []poller.Event {
	events := make([]poller.Event, n)
	for i := range events {
		e := event(i+3, poller.Refreshing, "")
		e.Kind, e.EndedAfter, e.EndedBefore = kind, time.Time{}, time.Time{}
		e.Task.ObjectType, e.Task.Process = "preload", fmt.Sprintf("%d%%", 40+i)
		e.Task.Created = sampleTime().Add(-age)
		events[i] = e
	}
	return events
}
