package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

func TestWaitIDs(t *testing.T) {
	for _, c := range []struct {
		args, stdin string
		want        string // ids, or a part of the mistake
	}{
		{"1", "", "1"},
		{"1 2,3 2", "", "1 2 3"},
		{"-", `{"RequestId":"9E0B","RefreshTaskId":"704222904"}`, "704222904"},
		{"-", `{"RequestId":"9E0B","PreloadTaskId":"12,13 , 14"}`, "12 13 14"},
		{"-", "{\n \"PushTaskId\": \"15\"\n}\n{\"RefreshTaskId\": 16}", "15 16"},
		{"-", `{"headers":{"code":"200"},"statusCode":200,"body":{"RefreshTaskId":"17"}}`, "17"},
		{"-", `["18","19"]`, "18 19"},
		{"-", `"20"`, "20"},
		{"-", "21\n22\r\n23, 24\n", "21 22 23 24"},
		{"-", `{"task_id":"25","object_path":"https://x/1"}` + "\n" + `{"task_id":"25","object_path":"https://x/2"}`, "25"},
		{"-", "\ufeff26\r\n", "26"},
		{"-", "\ufeff{\"RefreshTaskId\":\"27\"}", "27"},
		{"7 -", "8", "7 8"},
		{"", "", "no task id"},
		{"-", "", "empty"},
		{"-", " \n", "empty"},
		{"-", `{"RequestId":"9E0B"}`, "no task id in it"},
		{"-", `{"RefreshTaskId":""}`, "no task id in it"},
		{"-", `{"RefreshTaskId":`, "invalid JSON"},
		{"-", `{"Code":"QuotaExceeded.Refresh","Message":"The quota is used up.","RequestId":"1"}`, "refused: QuotaExceeded.Refresh: The quota is used up."},
		{"-", "ERROR: SDK.ServerError\nErrorCode: Forbidden", `stdin: "ERROR:" is no task id. Did the submission fail?`},
		{"-", "null\n", `stdin: "null" is no task id. Did the submission fail?`},
		{"-", `{"RefreshTaskId":"null"}`, `"null" is no task id`},
		{"abc", "", `"abc" is no task id`},
		{"1 null", "", `"null" is no task id`},
		{"--", "", "no task id"},
		{"job-7", "", "job-7"}, // the API's to judge
		{"a/b", "", `"a/b" is no task id`},
		{"1,,2", "", `an id in "1,,2" is empty`},
		{"1 2, 3", "", `an id in "2," is empty`},
		{"-", strings.Repeat("1", watch.MaxEvent+1), "larger than"},
		{"-", "\x1b[31m1", "is no task id"},
	} {
		got, err := waitIDs(strings.Fields(c.args), strings.NewReader(c.stdin))
		if err != nil {
			if !strings.Contains(err.Error(), c.want) || watch.Code(err) != watch.CodeUsage {
				t.Errorf("%q with %.60q: %v, want %q", c.args, c.stdin, err, c.want)
			}
			continue
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%q with %q gives %q, want %q", c.args, c.stdin, got, c.want)
		}
	}
}

// waitWorld is a wait against a simulated API, on a clock that stands still when nothing
// happens.
type waitWorld struct {
	t        *testing.T
	api      *apitest.Server
	every    time.Duration
	out, err bytes.Buffer
}

func newWaitWorld(t *testing.T, o apitest.Options) *waitWorld {
	return &waitWorld{t: t, api: apitest.New(o), every: defaultEvery}
}

// add submits rows under one id; they are listed at once unless late says otherwise.
func (w *waitWorld) add(id string, late time.Duration, steps ...[]apitest.Step) {
	w.t.Helper()
	for i, s := range steps {
		key := poller.Key{TaskID: id, ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%s/%s/%d", id, late, i)}
		if err := w.api.Add(apitest.Task{Key: key, Created: time.Now(), Late: late, Steps: s}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// wait runs until the end and returns the exit code, the answer and how long it took.
func (w *waitWorld) wait(timeout time.Duration, ids ...string) (int, waited, time.Duration) {
	w.t.Helper()
	began := time.Now()
	run := &waitRun{
		Shell: Shell{Out: &w.out, Err: &w.err}, log: slog.New(slog.NewJSONHandler(&w.err, nil)), every: w.every,
		state: newWaiting(ids), began: began, api: &watch.TaskIDs{Lister: w.api.Lister(100 * time.Millisecond)}, now: time.Now,
	}
	ctx, stop := context.WithTimeout(w.t.Context(), timeout)
	defer stop()
	exit := run.until(ctx)
	run.finish(exit)
	lines := strings.Split(strings.TrimSpace(w.out.String()), "\n")
	var a waited
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &a); err != nil {
		w.t.Fatal(err)
	}
	return exit, a, time.Since(began)
}

func TestWait(t *testing.T) {
	done, failed := apitest.Finish(3*time.Minute), apitest.Fail(4*time.Minute, "Origin Timeout")
	canceled := []apitest.Step{{After: time.Minute, Status: poller.Canceled}}
	late := []apitest.Step{{After: time.Minute, Status: poller.Timeout}}
	for _, c := range []struct {
		name     string
		options  apitest.Options
		submit   func(w *waitWorld)
		ids      string
		exit     int
		want     waited
		min, max time.Duration
	}{
		{"all complete", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, done, done); w.add("2", 0, done) }, "1 2",
			0, waited{Complete: 3}, 3 * time.Minute, 4 * time.Minute},
		{"one failed", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, done, failed) }, "1",
			exitUndone, waited{Complete: 1, Failed: 1}, 4 * time.Minute, 5 * time.Minute},
		{"canceled and timed out", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, done, canceled, late) }, "1",
			exitUndone, waited{Complete: 1, Failed: 1, Canceled: 1}, 3 * time.Minute, 4 * time.Minute},
		{"time is up", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, done, apitest.Stuck(time.Minute)) }, "1",
			exitTimeout, waited{Complete: 1, Open: 1}, 10 * time.Minute, 10 * time.Minute},
		{"a status nobody knows is in flight", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, []apitest.Step{{Status: "Preloading"}}) }, "1",
			exitTimeout, waited{Open: 1}, 10 * time.Minute, 10 * time.Minute},
		{"never listed", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, done) }, "1 404",
			exitUndone, waited{Complete: 1, Unlisted: 1}, 3 * time.Minute, 4 * time.Minute},
		{"never listed at all", apitest.Options{}, func(*waitWorld) {}, "404",
			exitUndone, waited{Unlisted: 1}, 2 * time.Minute, 3 * time.Minute},
		{"an unknown id is refused", apitest.Options{UnknownTaskIsError: true}, func(w *waitWorld) { w.add("1", 50*time.Second, done) }, "1",
			0, waited{Complete: 1}, 3 * time.Minute, 4 * time.Minute},
		{"listed late", apitest.Options{Late: 90 * time.Second}, func(w *waitWorld) { w.add("1", 0, done) }, "1",
			0, waited{Complete: 1}, 3 * time.Minute, 4 * time.Minute},
		{"listed when nobody hoped for it", apitest.Options{}, func(w *waitWorld) {
			w.add("1", 0, apitest.Finish(6*time.Minute))
			w.add("2", 4*time.Minute, apitest.Finish(8*time.Minute))
		}, "1 2",
			0, waited{Complete: 2}, 8 * time.Minute, 9 * time.Minute},
		{"rows appear one by one", apitest.Options{}, func(w *waitWorld) {
			quick := apitest.Finish(time.Second)
			w.add("1", 0, quick)
			w.add("1", 20*time.Second, quick)
			w.add("1", 35*time.Second, quick, failed)
		}, "1", exitUndone, waited{Complete: 3, Failed: 1}, 4 * time.Minute, 5 * time.Minute},
		{"a status moves only when asked", apitest.Options{Lazy: true}, func(w *waitWorld) { w.add("1", 0, done) }, "1",
			0, waited{Complete: 1}, 3 * time.Minute, 4 * time.Minute},
		{"more rows than a page", apitest.Options{}, func(w *waitWorld) { w.add("1", 0, slices.Repeat([][]apitest.Step{done}, 130)...) }, "1",
			0, waited{Complete: 130}, 3 * time.Minute, 4 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWaitWorld(t, c.options)
				c.submit(w)
				exit, got, took := w.wait(10*time.Minute, strings.Fields(c.ids)...)
				if exit != c.exit || got != c.want {
					t.Errorf("exit code %d with %+v, want %d with %+v\n%s", exit, got, c.exit, c.want, &w.err)
				}
				if took < c.min || took > c.max {
					t.Errorf("took %v, want %v to %v", took, c.min, c.max)
				}
			})
		})
	}
}

// What has finished long ago is answered at once: there is nothing to wait for.
func TestWaitForThePast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaitWorld(t, apitest.Options{})
		w.add("1", 0, apitest.Finish(time.Minute), apitest.Fail(time.Minute, ""))
		time.Sleep(time.Hour)
		if exit, a, took := w.wait(time.Minute, "1"); exit != exitUndone || a != (waited{Complete: 1, Failed: 1}) || took > time.Second {
			t.Errorf("exit code %d with %+v after %v", exit, a, took)
		}
	})
}

// An API that refuses ends the wait at once. One that gives no answer is waited for, two
// minutes from the start as from the last answer, however often it is asked; it is never a
// tale of ids that are not listed.
func TestWaitWithoutAnAPI(t *testing.T) {
	down := apitest.Refused(http.StatusServiceUnavailable, "ServiceUnavailable", "down", poller.Transient)
	const often, rarely = 5 * time.Second, 5 * time.Minute
	for _, c := range []struct {
		name     string
		fault    apitest.Fault
		from, to time.Duration // when it has the fault; to 0: for ever
		every    time.Duration
		exit     int
		min, max time.Duration
		said     string
	}{
		{"refuses", apitest.NoPermission(), 0, 0, defaultEvery, 1, 0, time.Second, "Forbidden.RAM"},
		{"refuses later", apitest.NoPermission(), time.Minute, 0, defaultEvery, 1, time.Minute, 2 * time.Minute, "Forbidden.RAM"},
		{"the token expires", apitest.ExpiredToken(), time.Minute, 0, defaultEvery, 1, time.Minute, 2 * time.Minute, "Expired"},
		{"never answers", down, 0, 0, defaultEvery, 1, 2 * time.Minute, 3 * time.Minute, "ServiceUnavailable"},
		{"never answers, asked often", down, 0, 0, often, 1, 2 * time.Minute, 3 * time.Minute, "ServiceUnavailable"},
		{"never answers, asked rarely", down, 0, 0, rarely, 1, 2 * time.Minute, 3 * time.Minute, "ServiceUnavailable"},
		{"throttles for ever", apitest.Throttling(), 0, 0, defaultEvery, 1, 2 * time.Minute, 3 * time.Minute, "Throttling"},
		{"stops answering", down, time.Minute, 0, defaultEvery, 1, 3 * time.Minute, 4 * time.Minute, "ServiceUnavailable"},
		{"stops answering, asked often", down, time.Minute, 0, often, 1, 3 * time.Minute, 4 * time.Minute, "ServiceUnavailable"},
		{"stops answering, asked rarely", down, time.Second, 0, rarely, 1, 7 * time.Minute, 8 * time.Minute, "ServiceUnavailable"},
		{"is away at the start", down, 0, 110 * time.Second, defaultEvery, 0, 3 * time.Minute, 5 * time.Minute, "no answer, trying again"},
		{"is away at the start, asked often", down, 0, 110 * time.Second, often, 0, 3 * time.Minute, 5 * time.Minute, "no answer, trying again"},
		{"throttles at the start", apitest.Throttling(), 0, 100 * time.Second, often, 0, 3 * time.Minute, 5 * time.Minute, "no answer, trying again"},
		{"is away for a minute", down, 30 * time.Second, 90 * time.Second, defaultEvery, 0, 3 * time.Minute, 4 * time.Minute, "no answer, trying again"},
		{"is away when it is asked rarely", down, 290 * time.Second, 310 * time.Second, rarely, 0, 5 * time.Minute, 6 * time.Minute, "no answer, trying again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWaitWorld(t, apitest.Options{})
				w.every = c.every
				w.add("1", 0, apitest.Finish(3*time.Minute))
				began := time.Now()
				w.api.Fault(c.fault.When(func(apitest.Request) bool {
					at := time.Since(began)
					return at >= c.from && (c.to == 0 || at < c.to)
				}))
				exit, a, took := w.wait(20*time.Minute, "1")
				if exit != c.exit || took < c.min || took > c.max || !strings.Contains(w.err.String(), c.said) {
					t.Errorf("exit code %d with %+v after %v, said\n%s", exit, a, took, &w.err)
				}
			})
		})
	}
}

// Time that is up before the API ever answered says so.
func TestWaitTooShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaitWorld(t, apitest.Options{})
		w.api.Fault(apitest.Throttling())
		if exit, _, _ := w.wait(5*time.Second, "1"); exit != 1 || !strings.Contains(w.err.String(), "gave no answer in 5 s") {
			t.Errorf("exit code %d, said\n%s", exit, &w.err)
		}
		if strings.Contains(w.err.String(), `"unlisted"`) {
			t.Errorf("it speaks of ids that nobody was asked about:\n%s", &w.err)
		}
	})
}

// When time is up before an id was listed, the id is named: a count names none of several.
func TestWaitNamesUnlistedIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaitWorld(t, apitest.Options{})
		w.add("1", 0, apitest.Finish(time.Second))
		exit, a, _ := w.wait(time.Minute, "1", "77")
		if exit != exitTimeout || a.Unlisted != 1 || !strings.Contains(w.err.String(), "has not listed the task id 77 yet") || strings.Contains(w.err.String(), "task id 1 yet") {
			t.Errorf("exit code %d with %+v, said\n%s", exit, a, &w.err)
		}
	})
}

// Of many ids that are not listed some are named, and the others counted.
func TestWaitNamesFewIDs(t *testing.T) {
	for _, c := range []struct {
		timeout time.Duration
		exit    int
	}{{10 * time.Minute, exitUndone}, {time.Minute, exitTimeout}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWaitWorld(t, apitest.Options{})
			var ids []string
			for n := range 300 {
				ids = append(ids, fmt.Sprint(9000+n))
			}
			exit, a, _ := w.wait(c.timeout, ids...)
			if exit != c.exit || a.Unlisted != 300 {
				t.Errorf("exit code %d with %+v", exit, a)
			}
			if n := strings.Count(w.err.String(), "the task id"); n != mostNamed || !strings.Contains(w.err.String(), "… and 280 more ids that the API does not list") {
				t.Errorf("%d ids are named:\n%s", n, &w.err)
			}
		})
	}
}

// With -json a terminal gets the line of JSON alone, as a pipe does.
func TestWaitJSON(t *testing.T) {
	for _, c := range []struct {
		args  string
		lines int
	}{{"1", 2}, {"1 -json", 1}, {"1 -quiet", 0}} {
		api := apitest.New(apitest.Options{})
		if err := api.Add(apitest.Task{Key: poller.Key{TaskID: "1", ObjectType: "file", ObjectPath: "https://cdn.example.com/a"}, Created: time.Now().Add(-time.Hour), Steps: apitest.Finish(time.Second)}); err != nil {
			t.Fatal(err)
		}
		endpoint, stop, err := api.Start()
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		settings := map[string]string{"VOD_ENDPOINT": endpoint, "ALIBABA_CLOUD_ACCESS_KEY_ID": apitest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": apitest.Secret}
		var out, stderr bytes.Buffer
		exit := Run(t.Context(), append([]string{"wait"}, strings.Fields(c.args)...), Shell{In: strings.NewReader(""), Out: &out, Err: &stderr, OutTTY: true, Getenv: func(name string) string { return settings[name] }})
		if exit != 0 || strings.Count(out.String(), "\n") != c.lines || c.lines == 1 && !strings.HasPrefix(out.String(), `{"complete":1,`) {
			t.Errorf("%s: exit code %d\n%s%s", c.args, exit, &out, &stderr)
		}
	}
}

// A malformed id is a mistake of whoever wrote it.
func TestWaitMalformed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaitWorld(t, apitest.Options{})
		w.api.Fault(apitest.MalformedTaskID().When(func(r apitest.Request) bool { return r.TaskID == "12x" }))
		w.add("1", 0, apitest.Finish(time.Minute))
		if exit, _, took := w.wait(time.Minute, "1", "12x"); exit != 2 || took > time.Second || !strings.Contains(w.err.String(), `"12x" as malformed`) {
			t.Errorf("exit code %d after %v, said\n%s", exit, took, &w.err)
		}
	})
}

// What stands still is logged once a minute, what changes at once.
func TestWaitLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWaitWorld(t, apitest.Options{})
		w.add("1", 0, apitest.Finish(5*time.Minute))
		w.wait(10*time.Minute, "1")
		if n := strings.Count(w.err.String(), `"msg":"waiting"`); n < 5 || n > 7 {
			t.Errorf("%d lines in five minutes:\n%s", n, &w.err)
		}
	})
}
