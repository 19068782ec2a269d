package vodtest

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
)

// Alibaba's own example of RPC signature 1.0 (DescribeRegions, testid, testsecret).
func TestSignatureCheckValue(t *testing.T) {
	form := url.Values{}
	for name, value := range map[string]string{
		"Timestamp": "2016-02-23T12:46:24Z", "Format": "XML", "AccessKeyId": "testid", "Action": "DescribeRegions",
		"SignatureMethod": "HMAC-SHA1", "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
		"Version": "2014-05-26", "SignatureVersion": "1.0", "Signature": "ignored",
	} {
		form.Set(name, value)
	}
	if got, want := sign(stringToSign("GET", form), "testsecret"), "OLeaidS1JvxuMvnyHOwuJ+uX5qY="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// signed is a request as a correct client sends it, changed by edit before and
// by spoil after it was signed.
func signed(now time.Time, edit, spoil func(url.Values)) *http.Request {
	form := url.Values{}
	for name, value := range map[string]string{
		"Action": "DescribeVodRefreshTasks", "Version": "2017-03-21", "Format": "JSON", "AccessKeyId": AccessKeyID,
		"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0", "SignatureNonce": fmt.Sprint(rand.Uint64()),
		"Timestamp": now.UTC().Format(timeLayout),
		"StartTime": now.UTC().Add(-time.Hour).Format(timeLayout), "EndTime": now.UTC().Format(timeLayout),
	} {
		form.Set(name, value)
	}
	if edit != nil {
		edit(form)
	}
	form.Set("Signature", sign(stringToSign("POST", form), Secret))
	if spoil != nil {
		spoil(form)
	}
	return httptest.NewRequest("POST", "/?"+form.Encode(), nil)
}

// send returns the status and the fields of the answer.
func send(t *testing.T, s *Server, r *http.Request) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	fields := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &fields); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, fields
}

func set(name, value string) func(url.Values) {
	return func(form url.Values) { form.Set(name, value) }
}

func unset(names ...string) func(url.Values) {
	return func(form url.Values) {
		for _, name := range names {
			form.Del(name)
		}
	}
}

func TestRules(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(timeLayout) }
	for _, c := range []struct {
		name        string
		edit, spoil func(url.Values)
		strict      bool
		status      int
		code        string // "" for a page
	}{
		{name: "good", status: 200},
		{name: "strict and good", strict: true, status: 200},
		{name: "defaults", edit: unset("StartTime", "EndTime"), strict: true, status: 200},
		{name: "no action", edit: unset("Action"), status: 400, code: "MissingAction"},
		{name: "another action", edit: set("Action", "DescribeVodRefreshQuota"), status: 400, code: "InvalidAction"},
		{name: "another version", edit: set("Version", "2014-05-26"), status: 400, code: "InvalidVersion"},
		{name: "XML by default", edit: unset("Format"), status: 400, code: "InvalidFormat"},
		{name: "no key", edit: unset("AccessKeyId"), status: 400, code: "MissingAccessKeyId"},
		{name: "unknown key", edit: set("AccessKeyId", "x"), status: 404, code: "InvalidAccessKeyId.NotFound"},
		{name: "no nonce", edit: unset("SignatureNonce"), status: 400, code: "MissingSignatureNonce"},
		{name: "old", edit: set("Timestamp", at(-15*time.Minute-time.Second)), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "early", edit: set("Timestamp", at(15*time.Minute+time.Second)), status: 400, code: "InvalidTimeStamp.Expired"},
		{name: "just in time", edit: set("Timestamp", at(-15*time.Minute)), status: 200},
		{name: "no time", edit: unset("Timestamp"), status: 400, code: "InvalidTimeStamp.Format"},
		{name: "changed on the way", spoil: set("PageNumber", "2"), status: 400, code: "SignatureDoesNotMatch"},
		{name: "unsigned", spoil: unset("Signature"), status: 400, code: "SignatureDoesNotMatch"},
		{name: "a token nobody issued", edit: set("SecurityToken", "x"), status: 400, code: "InvalidSecurityToken.Malformed"},

		{name: "page size 51", edit: set("PageSize", "51"), status: 400, code: "InvalidPageSize"},
		{name: "page size 0", edit: set("PageSize", "0"), status: 400, code: "InvalidPageSize"},
		{name: "page size a word", edit: set("PageSize", "all"), status: 400, code: "InvalidPageSize"},
		{name: "page 0", edit: set("PageNumber", "0"), status: 400, code: "InvalidPageNumber"},
		{name: "pending", edit: set("Status", "Pending"), status: 400, code: "InvalidStatus.ValueNotSupported"},
		{name: "small letters", edit: set("Status", "complete"), status: 400, code: "InvalidStatus.ValueNotSupported"},
		{name: "a type nobody knows", edit: set("ObjectType", "movie"), status: 400, code: "InvalidObjectType.ValueNotSupported"},
		{name: "two ids", edit: set("TaskId", "1,2"), status: 400, code: "InvalidTaskId.Malformed"},
		{name: "end before start", edit: set("EndTime", at(-2*time.Hour)), status: 400, code: "InvalidEndTime.Mismatch"},
		{name: "end at start", edit: set("EndTime", at(-time.Hour)), status: 400, code: "InvalidEndTime.Mismatch"},
		{name: "start no time", edit: set("StartTime", "yesterday"), status: 400, code: "InvalidStartTime.Malformed"},
		{name: "end with an offset", edit: set("EndTime", "2026-11-23T12:00:00+08:00"), status: 400, code: "InvalidEndTime.Malformed"},

		{name: "status alone", edit: set("Status", "Complete"), status: 200},
		{name: "strict, status alone", edit: set("Status", "Complete"), strict: true, status: 400, code: "MissingParameter.ObjectType"},
		{name: "strict, domain alone", edit: set("DomainName", "a.example.com"), strict: true, status: 400, code: "MissingParameter.ObjectType"},
		{name: "no end", edit: unset("EndTime"), status: 200},
		{name: "strict, no end", edit: unset("EndTime"), strict: true, status: 400, code: "MissingParameter"},
		{name: "strict, no start", edit: unset("StartTime"), strict: true, status: 400, code: "MissingParameter"},
		{name: "four days", edit: set("StartTime", at(-96*time.Hour)), status: 200},
		{name: "strict, just too long", edit: set("StartTime", at(-72*time.Hour-time.Second)), strict: true, status: 400, code: "InvalidTime"},
	} {
		s := New(Options{Now: func() time.Time { return now }, Strict: c.strict})
		status, fields := send(t, s, signed(now, c.edit, c.spoil))
		code, _ := fields["Code"].(string)
		if status != c.status || code != c.code || fields["RequestId"] == "" {
			t.Errorf("%s: got %d %v, want %d %s", c.name, status, fields, c.status, c.code)
		}
		if c.code != "" && (fields["HostId"] == nil || fields["Message"] == nil || fields["Recommend"] == nil) {
			t.Errorf("%s: %v lacks a field of an error", c.name, fields)
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%s: %d requests in the log", c.name, n)
		}
	}
}

func TestNonceCannotBeReplayed(t *testing.T) {
	s := New(Options{})
	once := set("SignatureNonce", "once")
	if status, fields := send(t, s, signed(time.Now(), once, nil)); status != 200 {
		t.Fatal(fields)
	}
	if status, fields := send(t, s, signed(time.Now(), once, nil)); status != 400 || fields["Code"] != "SignatureNonceUsed" {
		t.Errorf("got %d %v", status, fields)
	}
}

func TestFormParametersCountLikeQueryParameters(t *testing.T) {
	r := signed(time.Now(), nil, nil)
	post := httptest.NewRequest("POST", "/", strings.NewReader(r.URL.RawQuery))
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, fields := send(t, New(Options{}), post); status != 200 || fields["PageSize"] != 20.0 {
		t.Errorf("got %d %v, want a page of 20", status, fields)
	}
}

func TestTasksMoveWithTheClock(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	key := poller.Key{TaskID: "7001", ObjectType: "file", ObjectPath: "https://a.example.com/1"}
	add(t, s, Task{Key: key, Created: now, Steps: Fail(4*time.Minute, "Origin Timeout")})
	ask := func() poller.Task { return one(t, s, now) }
	start := now
	for _, c := range []struct {
		age  time.Duration
		want poller.Task
	}{
		{0, poller.Task{Status: poller.Pending, Process: "0%"}},
		{time.Minute, poller.Task{Status: poller.Refreshing, Process: "50%"}},
		{4*time.Minute - time.Second, poller.Task{Status: poller.Refreshing, Process: "50%"}},
		{4 * time.Minute, poller.Task{Status: poller.Failed, Process: "0%", Description: "Origin Timeout"}},
		{71 * time.Hour, poller.Task{Status: poller.Failed, Process: "0%", Description: "Origin Timeout"}},
	} {
		now = start.Add(c.age)
		c.want.Key, c.want.Created = key, start
		if diff := cmp.Diff(c.want, ask()); diff != "" {
			t.Errorf("at %v: %s", c.age, diff)
		}
	}
	if err := s.Set(key, poller.Complete, "100%", ""); err != nil {
		t.Fatal(err)
	}
	if got := ask(); got.Status != poller.Complete {
		t.Errorf("set by hand: got %+v", got)
	}
	now = start.Add(73 * time.Hour)
	if got := all(t, s, poller.Query{From: start, To: now}); len(got) != 0 {
		t.Errorf("after three days: got %+v", got)
	}
	if err := s.Set(poller.Key{}, poller.Complete, "", ""); err == nil {
		t.Error("a row that is not there was set")
	}
	if err := s.Add(Task{Key: key}); err == nil {
		t.Error("a row was added twice")
	}
}

func TestLazyServerIsOneAnswerBehind(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }, Lazy: true})
	add(t, s, Task{Key: poller.Key{TaskID: "1", ObjectType: "file"}, Created: now, Steps: Finish(4 * time.Minute)})
	var got []poller.Status
	for _, later := range []time.Duration{3, 0, 2, 3, 2} {
		now = now.Add(later * time.Minute)
		got = append(got, one(t, s, now).Status)
	}
	want := []poller.Status{poller.Pending, poller.Refreshing, poller.Refreshing, poller.Complete, poller.Complete}
	// at age:              3               3                  5                  8                10 minutes
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLateRowsAppearInTheirPlace(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }, Late: 10 * time.Second})
	for i, late := range []time.Duration{0, time.Minute, 0} {
		add(t, s, Task{Key: poller.Key{TaskID: fmt.Sprint(i)}, Created: now.Add(time.Duration(i) * time.Second), Late: late})
	}
	q := poller.Query{From: now.Add(-time.Hour), To: now.Add(time.Hour)}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, ""}, {10, "0"}, {2, "20"}, {58, "20"}, {1, "210"}} {
		now = now.Add(c.after * time.Second)
		got := ""
		for _, task := range all(t, s, q) {
			got += task.TaskID
		}
		if got != c.want {
			t.Errorf("%v later: got %q, want %q", c.after*time.Second, got, c.want)
		}
	}
}

func TestRequestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{MaxQPS: 4})
		now := time.Now()
		for i, c := range []struct {
			wait time.Duration
			code string
		}{{0, "ok"}, {200, "ok"}, {200, "ok"}, {200, "ok"}, {399, "Throttling.User"}, {1, "ok"}, {0, "Throttling.User"}, {200, "ok"}} {
			time.Sleep(c.wait * time.Millisecond)
			_, _ = s.Lister(0).List(t.Context(), poller.Query{From: now.Add(-time.Hour), To: now}, 1)
			if got := s.Requests()[i].Outcome; got != c.code {
				t.Errorf("request %d: got %s, want %s", i, got, c.code)
			}
		}
	})
}

func TestFaultsComeInTurn(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	s.Fault(Throttling().Times(2).When(OnPage(2)), Suspended().Times(1), Hang().When(OnPage(9)))
	q := poller.Query{From: now.Add(-time.Hour), To: now}
	for _, page := range []int{1, 1, 2, 2, 2} {
		_, _ = s.Lister(0).List(t.Context(), q, page)
	}
	s.Heal()
	_, _ = s.Lister(0).List(t.Context(), q, 9)
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Outcome)
	}
	want := []string{"OperationDenied.Suspended", "ok", "Throttling", "Throttling", "ok", "ok"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPageFaults(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	task := func(i int) Task {
		return Task{Key: poller.Key{TaskID: string(rune('a' + i))}, Created: now.Add(-time.Hour + time.Duration(i)*time.Second)}
	}
	newer := Task{Key: poller.Key{TaskID: "z"}, Created: now.Add(-time.Minute)}
	for _, c := range []struct {
		fault       Fault
		first, then string // ids of two answers
		total       int    // of the first
	}{
		{ShortPage(2), "ed", "ed", 4},
		{RepeatedRows(2), "edee", "edee", 4},
		{LyingTotal(3), "edcb", "edcb", 7},
		{LyingTotal(-9), "edcb", "edcb", 0},
		{Insertion(newer), "edcb", "zedcb", 4},
		{Removal(task(3).Key), "edcb", "ecb", 4},
		{StaleReplica(time.Hour - 2*time.Second), "cb", "cb", 2},
	} {
		s := New(Options{Now: func() time.Time { return now }})
		for i := range 4 {
			add(t, s, task(i+1))
		}
		s.Fault(c.fault)
		for i, want := range []string{c.first, c.then} {
			page, err := s.Lister(0).List(t.Context(), poller.Query{From: now.Add(-2 * time.Hour), To: now}, 1)
			got := ""
			for _, task := range page.Tasks {
				got += task.TaskID
			}
			if err != nil || got != want || i == 0 && page.Total != c.total {
				t.Errorf("%s, answer %d: got %q of %d, %v; want %q of %d", c.fault.Name, i+1, got, page.Total, err, want, c.total)
			}
		}
	}
}

func TestShuffledKeepsSeconds(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	for i := range 40 {
		add(t, s, Task{Key: poller.Key{TaskID: fmt.Sprint(i)}, Created: now.Add(-time.Hour + time.Duration(i/20)*time.Second)})
	}
	s.Fault(Shuffled())
	q := poller.Query{From: now.Add(-2 * time.Hour), To: now}
	first := all(t, s, q)
	different := false
	for range 20 { // 20 rows a second: the chance of no change at all is nil
		again := all(t, s, q)
		different = different || !slices.Equal(first, again)
		if len(again) != 40 || !slices.IsSortedFunc(again, func(a, b poller.Task) int { return b.Created.Compare(a.Created) }) {
			t.Fatalf("got %d rows out of their seconds", len(again))
		}
	}
	if !different {
		t.Error("the order is always the same")
	}
}

// The index, the list of open rows and the look-up by id are short cuts: they
// must find what looking at every row finds.
func TestShortCutsFindWhatAFullScanFinds(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	random := rand.New(rand.NewPCG(1, 2))
	s := New(Options{Now: func() time.Time { return now }, Late: 7 * time.Second})
	var keys []poller.Key
	types := []string{"file", "directory", "preload"}
	scripts := [][]Step{Finish(time.Hour), Fail(2*time.Hour, "Internal Error"), Stuck(time.Minute), nil,
		{{After: time.Minute, Status: poller.Complete}, {After: time.Hour, Status: poller.Refreshing}, {After: 3 * time.Hour, Status: poller.Failed}}}
	for range 60 {
		for range random.IntN(30) {
			key := poller.Key{TaskID: fmt.Sprint(random.IntN(40)), ObjectType: types[random.IntN(3)], ObjectPath: fmt.Sprintf("https://%d.example.com/%d", random.IntN(3), len(keys))}
			keys = append(keys, key)
			add(t, s, Task{Key: key, Created: now.Add(time.Duration(random.IntN(7200)-3600) * time.Second),
				Late: time.Duration(random.IntN(60)) * time.Second, Steps: scripts[random.IntN(len(scripts))]})
		}
		now = now.Add(time.Duration(random.IntN(3600)) * time.Second)
		if len(keys) > 0 && random.IntN(3) == 0 {
			_ = s.Set(keys[random.IntN(len(keys))], []poller.Status{poller.Complete, poller.Refreshing}[random.IntN(2)], "", "") // gone by then is fine
			s.Remove(keys[random.IntN(len(keys))])
		}
		q := poller.Query{From: now.Add(-time.Duration(random.IntN(90)) * time.Hour), To: now.Add(-time.Duration(random.IntN(3600)) * time.Second)}
		if !q.From.Before(q.To) {
			continue
		}
		if random.IntN(2) == 0 {
			q.ObjectType = types[random.IntN(3)]
			q.Status = []poller.Status{"", poller.Complete, poller.Failed, poller.Refreshing, poller.Refreshing}[random.IntN(5)]
		}
		if random.IntN(3) == 0 {
			q.TaskID = fmt.Sprint(random.IntN(40))
		}
		if diff := cmp.Diff(scan(s, q, now), all(t, s, q)); diff != "" {
			t.Fatalf("%+v: %s", q, diff)
		}
	}
}

// scan is the listing as one would first write it.
func scan(s *Server, q poller.Query, now time.Time) []poller.Task {
	var rows []*row
	for _, r := range s.table.byKey {
		if !r.since.After(now) && !r.Created.Before(q.From.Truncate(time.Second)) && !r.Created.After(q.To.Truncate(time.Second)) &&
			!r.Created.Before(now.Add(-memory)) && (q.ObjectType == "" || r.ObjectType == q.ObjectType) &&
			(q.Status == "" || r.at(now).Status == q.Status) && (q.TaskID == "" || r.TaskID == q.TaskID) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *row) int { return oldestFirst(b, a) })
	var tasks []poller.Task
	for _, r := range rows {
		step := r.at(now)
		tasks = append(tasks, poller.Task{Key: r.Key, Status: step.Status, Process: step.Process, Description: step.Description, Created: r.Created})
	}
	return tasks
}

func TestStartListensUntilStopped(t *testing.T) {
	s := New(Options{})
	asked := make(chan struct{})
	s.Fault(Hang().When(func(q Request) bool {
		if q.Page == 2 {
			close(asked)
		}
		return q.Page == 2
	}))
	address, stop, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(address+"/?"+signed(time.Now(), nil, nil).URL.RawQuery, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != 200 || !strings.Contains(string(body), `"TotalCount":0`) {
		t.Errorf("got %d %s, %v", resp.StatusCode, body, err)
	}
	hung := make(chan error)
	go func() {
		resp, err := http.Post(address+"/?"+signed(time.Now(), set("PageNumber", "2"), nil).URL.RawQuery, "", nil)
		if err == nil {
			resp.Body.Close()
		}
		hung <- err
	}()
	<-asked
	stop()
	if err := <-hung; err == nil {
		t.Error("the hanging request was answered")
	}
	if _, err := http.Get(address); err == nil {
		t.Error("it still listens")
	}
}

func add(t *testing.T, s *Server, tasks ...Task) {
	t.Helper()
	if err := s.Add(tasks...); err != nil {
		t.Fatal(err)
	}
}

// all pages through an answer.
func all(t *testing.T, s *Server, q poller.Query) []poller.Task {
	t.Helper()
	var tasks []poller.Task
	for n := 1; ; n++ {
		page, err := s.Lister(0).List(t.Context(), q, n)
		if err != nil {
			t.Fatal(err)
		}
		tasks = append(tasks, page.Tasks...)
		if len(page.Tasks) < poller.PageSize {
			if len(tasks) != page.Total {
				t.Fatalf("%d rows, claimed %d", len(tasks), page.Total)
			}
			return tasks
		}
	}
}

func one(t *testing.T, s *Server, now time.Time) poller.Task {
	t.Helper()
	tasks := all(t, s, poller.Query{From: now.Add(-memory), To: now.Add(time.Second)})
	if len(tasks) != 1 {
		t.Fatalf("%d rows, want one", len(tasks))
	}
	return tasks[0]
}

// Simulations of days live on this.
func BenchmarkListerOver100000Rows(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := New(Options{Now: func() time.Time { return now }})
	for i := range 100_000 {
		steps := Finish(time.Hour)
		if i%1000 == 0 {
			steps = Stuck(time.Minute)
		}
		key := poller.Key{TaskID: fmt.Sprint(i / 20), ObjectType: "file", ObjectPath: fmt.Sprint(i)}
		if err := s.Add(Task{Key: key, Created: now.Add(-71*time.Hour + time.Duration(i)*2*time.Second), Steps: steps}); err != nil {
			b.Fatal(err)
		}
	}
	window := poller.Query{From: now.Add(-72 * time.Hour), To: now}
	open, id := window, window
	open.Status, open.ObjectType, id.TaskID = poller.Refreshing, "file", "77"
	for name, q := range map[string]poller.Query{"window": window, "open": open, "id": id} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := s.Lister(0).List(b.Context(), q, i%1000+1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
