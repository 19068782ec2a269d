package notifier

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
)

func TestRecipients(t *testing.T) {
	routes := Routes{
		{Match: Match{Status: []string{"Failed"}, ObjectType: []string{"preload"}, Domain: []string{"*.example.com"}, Path: []string{"/vip/*"}},
			To: []string{"ops", "hook"}, Mention: "<!subteam^S0123>", Stop: true},
		{Match: Match{Domain: []string{"quiet.example.com"}}, Stop: true},
		{Match: Match{Status: []string{"Failed"}}, To: []string{"ops"}, Mention: "<!here>"},
		{Match: Match{Domain: []string{"cdn.example.com"}}, To: []string{"hook", "ops"}},
	}
	event := func(status poller.Status, object string) poller.Event {
		return poller.Event{Task: poller.Task{Key: poller.Key{TaskID: "1", ObjectType: "preload", ObjectPath: object}, Status: status}}
	}
	for name, tt := range map[string]struct {
		event poller.Event
		want  []Recipient
	}{
		"stops at the first route":    {event(poller.Failed, "https://CDN.example.com/vip/a.mp4?auth_key=1"), []Recipient{{"ops", "<!subteam^S0123>"}, {"hook", "<!subteam^S0123>"}}},
		"one sink gets it once":       {event(poller.Failed, "https://cdn.example.com/b.mp4"), []Recipient{{"ops", "<!here>"}, {"hook", ""}}},
		"every route that matches":    {event(poller.Complete, "https://cdn.example.com/vip/a.mp4"), []Recipient{{"hook", ""}, {"ops", ""}}},
		"kept silent":                 {event(poller.Failed, "https://quiet.example.com/a"), nil},
		"matches nothing":             {event(poller.Complete, "https://other.example.net/a"), nil},
		"a path that is no URL":       {event(poller.Failed, "cdn.example.com/vip/%zz"), []Recipient{{"ops", "<!subteam^S0123>"}, {"hook", "<!subteam^S0123>"}}},
		"a directory by its own path": {event(poller.Failed, "https://cdn.example.com/vip/"), []Recipient{{"ops", "<!subteam^S0123>"}, {"hook", "<!subteam^S0123>"}}},
	} {
		if diff := cmp.Diff(tt.want, routes.Recipients(tt.event)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestRoutesCompareInOneSpelling(t *testing.T) {
	task := func(objectType, object string) poller.Task {
		return poller.Task{Key: poller.Key{TaskID: "1", ObjectType: objectType, ObjectPath: object}, Status: poller.Failed}
	}
	for _, c := range []struct {
		match Match
		task  poller.Task
	}{
		{Match{Path: []string{"/点播/*"}}, task("file", "https://cdn.example.com/%E7%82%B9%E6%92%AD/a.mp4")},
		{Match{Path: []string{"/%E7%82%B9%E6%92%AD/?.mp4"}}, task("file", "cdn.example.com/点播/片.mp4")},
		{Match{Path: []string{"/5%off.mp4"}, Domain: []string{"cdn.example.com"}}, task("file", "https://svc:hunter2@cdn.example.com:8443/5%off.mp4")},
		{Match{Path: []string{"/"}}, task("directory", "cdn.example.com")},
		{Match{ObjectType: []string{"file"}}, task("File", "https://cdn.example.com/a")},
		{Match{Domain: []string{"*.例.example"}}, task("file", "https://cdn.xn--fsq.example/a")},
	} {
		if !c.match.Matches(c.task) {
			t.Errorf("%+v does not match %+v", c.match, c.task.Key)
		}
	}
}

// TestMention: a delivery mentions whom the routes to its own sink name.
func TestMention(t *testing.T) {
	routes := Routes{
		{Match: Match{Status: []string{"Failed"}}, To: []string{"oncall"}, Mention: "@all"},
		{Match: Match{Status: []string{"Failed"}}, To: []string{"team"}, Mention: "<!here>"},
		{To: []string{"oncall", "team"}, Mention: "<@U0EVERY>"},
	}
	about := func(to string, statuses ...poller.Status) Delivery {
		d := delivery("d", to)
		for _, s := range statuses {
			d.Events = append(d.Events, poller.Event{Task: poller.Task{Status: s}})
		}
		return d
	}
	for _, test := range []struct {
		d    Delivery
		want string
	}{
		{about("oncall", poller.Failed), "@all"},
		{about("team", poller.Failed), "<!here>"},
		{about("team", poller.Complete, poller.Failed), "<@U0EVERY>"},
		{about("removed", poller.Failed), ""},
		{about("team"), ""},
	} {
		if got := routes.Mention(test.d); got != test.want {
			t.Errorf("%s, %d events: %q, want %q", test.d.Sink, len(test.d.Events), got, test.want)
		}
	}
}
