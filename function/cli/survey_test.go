package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// startExclusive is an API that leaves out what was created at StartTime.
type startExclusive struct{ poller.Lister }

func (l startExclusive) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	q.From = q.From.Add(time.Second)
	if !q.From.Before(q.To) {
		return poller.Page{Number: page}, nil
	}
	return l.Lister.List(ctx, q, page)
}

// answering is an API with an answer of its own to some questions.
func answering(when func(q poller.Query, page int) bool, answer func(page int) (poller.Page, error)) func(poller.Lister) poller.Lister {
	return func(l poller.Lister) poller.Lister {
		return listerFunc(func(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
			if when(q, page) {
				return answer(page)
			}
			return l.List(ctx, q, page)
		})
	}
}

type listerFunc func(context.Context, poller.Query, int) (poller.Page, error)

func (f listerFunc) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	return f(ctx, q, page)
}

func refused(code string) func(int) (poller.Page, error) {
	return func(int) (poller.Page, error) {
		return poller.Page{}, &poller.Error{Class: poller.Rejected, Code: code, Err: errors.New("no")}
	}
}

func oneSecond(q poller.Query, _ int) bool { return q.To.Sub(q.From) == time.Second }
func beyondOne(_ poller.Query, n int) bool { return n > 1 }

// Each question is put to simulated APIs that answer it either way.
func TestSurvey(t *testing.T) {
	inFlight := []apitest.Step{{After: time.Minute, Status: poller.Refreshing}}
	rows := func(api *apitest.Server) {
		now := time.Now()
		for i := range 40 {
			key := poller.Key{TaskID: fmt.Sprint(15680000000 + i/2), ObjectType: "file", ObjectPath: fmt.Sprintf("https://secret.example.com/%d", i)}
			steps := apitest.Finish(time.Second)
			if i < 2 {
				steps = inFlight
			}
			api.Add(apitest.Task{Key: key, Created: now.Add(-10*time.Minute - time.Duration(i/2)*time.Hour), Steps: steps})
		}
	}
	busy := func(every time.Duration) func(*apitest.Server) { // several pages of recent tasks
		return func(api *apitest.Server) {
			for i := range 6 * poller.PageSize {
				key := poller.Key{TaskID: fmt.Sprint(15690000000 + i), ObjectType: "file", ObjectPath: fmt.Sprint(i)}
				api.Add(apitest.Task{Key: key, Created: time.Now().Add(-time.Duration(i) * every), Steps: apitest.Finish(time.Second)})
			}
		}
	}
	for _, c := range []struct {
		name    string
		options apitest.Options
		wrap    func(poller.Lister) poller.Lister
		fill    func(*apitest.Server)
		item    string
		want    string
	}{
		{"newest first", apitest.Options{}, nil, rows, "order", "newest first (19 steps down, 20 within a second)"},
		{"oldest first", apitest.Options{OldestFirst: true}, nil, rows, "order", "oldest first (19 steps up, 20 within a second)"},
		{"both ends", apitest.Options{}, nil, rows, "range", "a task created at StartTime counts, one created at EndTime counts"},
		{"end exclusive", apitest.Options{EndExclusive: true}, nil, rows, "range", "a task created at StartTime counts, one created at EndTime does not count"},
		{"start exclusive", apitest.Options{}, func(l poller.Lister) poller.Lister { return startExclusive{l} }, rows, "range",
			"a task created at StartTime does not count, one created at EndTime counts"},
		{"unknown id listed empty", apitest.Options{}, nil, rows, "unknown task id", "0 rows, total 0"},
		{"unknown id refused", apitest.Options{UnknownTaskIsError: true}, nil, rows, "unknown task id", "the error InvalidTaskId"},
		{"moves when asked", apitest.Options{Lazy: true}, nil, rows, "status", "it seems to move when asked"},
		{"does not move", apitest.Options{}, nil, rows, "status", "of 2 in flight none moved in 3 seconds"},
		{"moves by itself", apitest.Options{}, nil, func(api *apitest.Server) {
			api.Add(apitest.Task{Key: poller.Key{TaskID: "1234567", ObjectType: "file", ObjectPath: "a"}, Created: time.Now(), Steps: apitest.Finish(14 * time.Second)})
		}, "status", "it seems to move by itself"},
		{"one object each", apitest.Options{}, nil, func(api *apitest.Server) {
			api.Add(apitest.Task{Key: poller.Key{TaskID: "1234567", ObjectType: "file", ObjectPath: "a"}, Created: time.Now()})
		}, "submissions", "not known: the newest submissions have one object each"},
		{"nothing in flight", apitest.Options{}, nil, func(*apitest.Server) {}, "status", "not known: no task in flight"},
		{"rows share a second", apitest.Options{}, nil, rows, "submissions", "3 of 3 with several rows have them in one second"},
		{"rows do not", apitest.Options{}, nil, func(api *apitest.Server) {
			for i := range 2 {
				api.Add(apitest.Task{Key: poller.Key{TaskID: "7", ObjectType: "file", ObjectPath: fmt.Sprint(i)}, Created: time.Now().Add(-time.Hour + time.Duration(i)*time.Second)})
			}
		}, "submissions", "0 of 1 with several rows have them in one second"},
		{"empty", apitest.Options{}, nil, rows, "empty list", "0 rows, total 0"},
		{"empty is refused", apitest.Options{}, answering(oneSecond, refused("NoTask")), rows, "empty list", "the error NoTask"},
		{"empty with a total", apitest.Options{}, answering(oneSecond, func(n int) (poller.Page, error) { return poller.Page{Number: n, Total: 40}, nil }),
			rows, "empty list", "0 rows, total 40"},
		{"a short range means everything", apitest.Options{}, answering(oneSecond, func(n int) (poller.Page, error) {
			return poller.Page{Number: n, Total: 40, Tasks: make([]poller.Task, 20)}, nil
		}), rows, "empty list", "20 rows, total 40"},
		{"oldest first, a busy account", apitest.Options{OldestFirst: true}, nil, busy(15 * time.Second), "empty list", "0 rows, total 0"},
		{"newest first, a busy account", apitest.Options{}, nil, busy(15 * time.Second), "empty list", "0 rows, total 0"},
		{"tasks every second", apitest.Options{}, nil, busy(time.Second), "empty list", "not known: the rows of the first page show no time without tasks"},
		{"tasks every second, their range", apitest.Options{}, nil, busy(time.Second), "range", "a task created at StartTime counts, one created at EndTime counts"},
		{"beyond", apitest.Options{}, nil, rows, "page beyond the last", "0 rows, total 40"},
		{"beyond is refused", apitest.Options{}, answering(beyondOne, refused("InvalidPageNumber")), rows, "page beyond the last", "the error InvalidPageNumber"},
		{"beyond without a total", apitest.Options{}, answering(beyondOne, func(n int) (poller.Page, error) { return poller.Page{Number: n}, nil }),
			rows, "page beyond the last", "0 rows, total 0"},
		{"beyond is the last page again", apitest.Options{}, answering(beyondOne, func(n int) (poller.Page, error) {
			return poller.Page{Number: n, Total: 40, Tasks: make([]poller.Task, 20)}, nil
		}), rows, "page beyond the last", "20 rows, total 40"},
		{"nothing anywhere", apitest.Options{}, nil, func(*apitest.Server) {}, "page beyond the last", "0 rows, total 0"},
		{"nothing to be empty beside", apitest.Options{}, nil, func(*apitest.Server) {}, "empty list", "0 rows, total 0"},
		{"same order", apitest.Options{}, nil, rows, "repetition", "in the same order"},
		{"no rows", apitest.Options{}, nil, func(*apitest.Server) {}, "order", "not known: too few tasks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := apitest.New(c.options)
				c.fill(api)
				var lister poller.Lister = api.Lister(time.Second)
				if c.wrap != nil {
					lister = c.wrap(lister)
				}
				found, asked, err := takeSurvey(t.Context(), lister, time.Now(), time.Sleep)
				if err != nil || asked > 12 {
					t.Fatalf("%d requests: %v", asked, err)
				}
				text := surveyText("vod", "cn-shanghai", time.Now(), found, asked)
				for _, f := range found {
					if f.item == c.item && strings.Contains(f.answer, c.want) {
						return
					}
				}
				t.Errorf("%s: want %q in\n%s", c.item, c.want, text)
			})
		})
	}
}

// The order within a second may change between two requests.
func TestSurveyOfAnUnstableOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := apitest.New(apitest.Options{})
		for i := range 30 {
			api.Add(apitest.Task{Key: poller.Key{TaskID: "7", ObjectType: "file", ObjectPath: fmt.Sprint(i)}, Created: time.Now().Add(-time.Hour)})
		}
		api.Fault(apitest.Shuffled())
		found, _, err := takeSurvey(t.Context(), api.Lister(0), time.Now(), time.Sleep)
		if text := surveyText("vod", "cn-shanghai", time.Now(), found, 0); err != nil || !strings.Contains(text, "the same rows in another order") {
			t.Errorf("%s %v", text, err)
		}
	})
}

// The paragraph can be shown to anybody.
func TestSurveyIsRedacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := apitest.New(apitest.Options{UnknownTaskIsError: true})
		for i := range 60 {
			api.Add(apitest.Task{Key: poller.Key{TaskID: "987654321", ObjectType: "file", ObjectPath: fmt.Sprintf("https://secret.example.com/hush/%d", i)}, Created: time.Now().Add(-time.Hour)})
		}
		found, asked, err := takeSurvey(t.Context(), api.Lister(0), time.Now(), time.Sleep)
		text := surveyText("vod", "cn-shanghai", time.Now(), found, asked)
		for _, secret := range []string{"secret", "example", "hush", "987654321", "https"} {
			if err != nil || strings.Contains(text, secret) {
				t.Errorf("%q is in %q (%v)", secret, text, err)
			}
		}
	})
}

// An API that refuses has no answers to give.
func TestSurveyRefused(t *testing.T) {
	api := apitest.New(apitest.Options{})
	api.Fault(apitest.Refused(http.StatusForbidden, "Forbidden.RAM", "no", poller.Denied))
	if found, _, err := takeSurvey(t.Context(), api.Lister(0), time.Now(), nil); err == nil || len(found) > 0 {
		t.Errorf("%v %v", found, err)
	}
}
