package watch

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// A list has no bound: where one reader must stop, the next one goes on, also when rows
// arrive meanwhile.
func TestListHasNoBound(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 121,000 rows, which takes the race detector minutes: the plain run does it")
	}
	synctest.Test(t, func(t *testing.T) {
		const rows = 121_000
		api := apitest.New(apitest.Options{})
		for i := range rows {
			key := poller.Key{TaskID: fmt.Sprint(i / 40), ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%d", i)}
			if err := api.Add(apitest.Task{Key: key, Created: time.Now().Add(-time.Hour - time.Duration(i/40)*time.Second)}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 100 {
			key := poller.Key{TaskID: "new", ObjectType: "file", ObjectPath: fmt.Sprint(i)}
			api.Add(apitest.Task{Key: key, Created: time.Now().Add(time.Duration(i) * time.Second)})
		}
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Hour)
		defer stop()
		l := List(ctx, api.Lister(250*time.Millisecond), Request{Action: ActionBackfill}, time.Now())
		if !l.Whole || l.Err != nil || len(l.Tasks) < rows {
			t.Errorf("%d rows of %d, whole %v: %v", len(l.Tasks), rows, l.Whole, l.Err)
		}
	})
}

// What the API says of a task id itself is kept apart from an empty list.
func TestTaskIDs(t *testing.T) {
	api := apitest.New(apitest.Options{UnknownTaskIsError: true})
	for id, want := range map[string]string{"404": "", "no!id": CodeUsage, "1,2": CodeUsage} {
		l := List(t.Context(), api.Lister(0), Request{Action: ActionBackfill, TaskID: id}, time.Now())
		if Code(l.Err) != want || want == "" && !l.Unknown {
			t.Errorf("%s: %v, unknown %v", id, l.Err, l.Unknown)
		}
	}
}
