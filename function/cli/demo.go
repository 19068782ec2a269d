package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// demoPause is the time between two polls of the demo; a timer would wait a minute.
const demoPause = 2 * time.Second

// demo runs the whole job against a simulated API: real HTTP, real signatures, a
// real checkpoint, all of it on this machine and gone afterwards.
func demo(ctx context.Context, o *options, sh Shell) int {
	if o.serve {
		return serve(ctx, sh)
	}
	product, known := demoProduct(sh)
	if !known {
		return unknownProduct(sh)
	}
	dir, err := os.MkdirTemp("", "refreshwatch-demo-")
	if err != nil {
		sh.printError(err)
		return 1
	}
	defer os.RemoveAll(dir)
	// The API's clock stands at each poll's time: on a slow machine, too, each poll sees what
	// its story says.
	began, poll := time.Now(), atomic.Int64{}
	api := apitest.New(apitest.Options{Product: product.Name, Strict: true, Now: func() time.Time { return began.Add(time.Duration(poll.Load()) * demoPause) }})
	if err := api.Add(demoTasks(began)...); err != nil {
		sh.printError(err)
		return 1
	}
	url, stop, err := api.Start()
	if err != nil {
		sh.printError(err)
		return 1
	}
	defer stop()
	w, err := demoWiring(sh, product, url, dir)
	if err != nil {
		sh.printError(err)
		return 1
	}

	fmt.Fprintln(sh.Out, sh.say("A simulated API answers at %s. refreshwatch polls it every %s here, instead of every minute.", url, demoPause))
	var report watch.Report
	for i, story := range demoStory {
		if i > 0 && poller.Sleep(ctx, demoPause) != nil || sh.isUnread() {
			return 1
		}
		poll.Store(int64(i))
		fmt.Fprintf(sh.Out, "%s\n   %s\n\n", sh.say("\n── poll %d · %s", i+1, time.Now().In(sh.timeZone(nil)).Format(time.TimeOnly)), sh.translate(story))
		tick, stop := context.WithTimeout(ctx, 30*time.Second)
		report, err = w.Run(tick, watch.Request{Action: watch.ActionPoll}, w.Log)
		stop()
		fmt.Fprintf(sh.Out, "   %s\n", sh.summary(report))
		if err != nil {
			fmt.Fprintln(sh.Out, sh.say("   failed: %s", sh.err(err)))
			return 1
		}
	}
	fmt.Fprint(sh.Out, sh.translate(demoEnd))
	if !sh.OutTTY {
		sh.show(report, nil)
	}
	return 0
}

var demoStory = []string{
	"The first poll: what has already finished is recorded without notification.",
	"A purge and one of two prefetches have finished since.",
	"So has a submission of five pages, in one message; the other prefetch failed.",
	"Nothing has changed: no message is sent, nothing is written.",
}

const demoEnd = `
That was all of it. With an account:  refreshwatch check
To Slack and others:                  notifier/README.md
`

// isUnread reports whether the reader of stdout went away, as head does.
func (sh Shell) isUnread() bool {
	out, ok := sh.Out.(*errWriter)
	return ok && out.err != nil
}

// whileRead is stderr for as long as stdout is read: that a message of the demo did not
// reach a reader who had enough is nothing to warn of.
type whileRead struct{ Shell }

func (w whileRead) Write(p []byte) (int, error) {
	if w.isUnread() {
		return len(p), nil
	}
	return w.Err.Write(p)
}

func demoWiring(sh Shell, product aliyun.Product, endpoint, dir string) (*setup.Program, error) {
	env := map[string]string{
		"PRODUCT":                         product.Name,
		product.EndpointVariable():        endpoint,
		"CHECKPOINT":                      (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(dir), "/")}).String(),
		"ALIBABA_CLOUD_ACCESS_KEY_ID":     apitest.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET": apitest.Secret,
		"MESSAGE_LANG":                    sh.Getenv("MESSAGE_LANG"),
	}
	log := func(slog.Level) *slog.Logger { return newLog(whileRead{sh}, slog.LevelWarn, sh.ErrTTY) }
	return setup.Configure(func(name string) string { return env[name] }, setup.CommandLine, log, sh.Out)
}

// demoTasks were submitted some minutes ago and end in the next seconds.
func demoTasks(now time.Time) []apitest.Task {
	const age = 5 * time.Minute
	task := func(id, kind, object string, steps []apitest.Step) apitest.Task {
		return apitest.Task{Key: poller.Key{TaskID: id, ObjectType: kind, ObjectPath: object}, Created: now.Add(-age), Steps: steps}
	}
	in := func(seconds float64) time.Duration { return age + time.Duration(seconds*float64(time.Second)) }
	tasks := []apitest.Task{
		task("15680231", "file", "https://cdn.example.com/intro.mp4", apitest.Finish(age/2)),
		task("15680232", "directory", "https://cdn.example.com/2026/11/", apitest.Finish(in(1))),
		task("15680233", "preload", "https://vod.example.com/live/final.m3u8", apitest.Finish(in(1.5))),
		task("15680234", "preload", "https://vod.example.com/live/replay.mp4", apitest.Fail(in(3), "Origin Return StatusCode 5XX")),
		task("15680299", "preload", "https://vod.example.com/archive/1998.mpg", apitest.Stuck(age/2)),
	}
	for i := range 5 {
		page := fmt.Sprintf("https://www.example.com/watch/%d.html", 70+i)
		steps := apitest.Finish(in(3))
		if i == 3 {
			steps = apitest.Fail(in(3), "Origin Timeout")
		}
		tasks = append(tasks, task("15680240", "file", page, steps))
	}
	return tasks
}
