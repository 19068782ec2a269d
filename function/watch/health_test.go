package watch

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/template"
)

// Ticks a minute apart, one letter each: what the API answers, and below it what
// every sink hears. Writes are those of the tick: a trouble that lasts stops
// writing.
func TestHealth(t *testing.T) {
	for _, h := range []struct {
		name   string
		ticks  string // . a good answer, t throttled, d denied, s suspended, k wrong key, c clock off, x expired token; capitals and : of an attended run
		heard  string // T trouble, R recovered
		writes string // generations: one to say it, one to settle it
	}{
		{"two bad answers are nothing", ".tt..", ".....", "01110"},
		{"three are notified, and their end", ".ttttt..", "...T..R.", "01120020"},
		{"expired credentials may heal", ".xxx.", "...TR", "01122"},
		{"denied is notified at once", ".dddd.", ".T...R", "021102"},
		{"suspended too", ".s.", ".TR", "022"},
		{"a wrong key too", ".k.", ".TR", "022"},
		{"a clock too", ".c.", ".TR", "022"},
		{"denied after two that might have healed", ".ttd.", "...TR", "01122"},
		{"what turns from one into another is one trouble", ".tttdddt.", "...T....R", "011200002"},
		{"now and then is nothing", ".t.tt.t.t.tt.", ".............", "0111111111111"},
		{"flapping is notified three times", ".d.d.d.d.d.d.", ".TRTRTR......", "0222222111111"},
		{"a person's polls alarm nobody", ".DDDTTTK.", ".........", "000000000"},
		{"and hide nothing from the team", ".DdD.", "..T.R", "00202"},
		{"they count for nothing", ".tTtTt.", ".....TR", "0101022"},
		{"nor do they give the all-clear", ".d:d:.", ".T...R", "020102"},
		{"or break a row of failures", ".tt:t.", "....TR", "011022"},
		{"flapping in threes as well", ".ttt.ttt.ttt.ttt.ttt.", "...TR..TR..TR........", "011221122112211111111"},
	} {
		t.Run(h.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "ops", "hook")
				c := w.client()
				w.add(apitest.Task{Key: key(1), Created: time.Now(), Steps: apitest.Finish(0)}) // one in flight is worth writes of its own
				if _, err := w.polls(c); err != nil {
					t.Fatal(err)
				}
				heard, writes := "", ""
				for _, tick := range h.ticks {
					time.Sleep(time.Minute)
					news, wrote := w.answers(c, tick)
					heard, writes = heard+news, writes+wrote
				}
				if heard != h.heard || writes != h.writes {
					t.Errorf("answers %s\nheard   %s\nwant    %s\nwrites  %s\nwant    %s", h.ticks, heard, h.heard, writes, h.writes)
				}
			})
		})
	}
}

// answers is one tick with the given answer of the API.
func (w *world) answers(lister poller.Lister, answer rune) (heard, writes string) {
	w.t.Helper()
	w.api.Heal()
	attended := answer == ':' || unicode.IsUpper(answer)
	answer = unicode.ToLower(answer)
	switch answer {
	case 't':
		w.api.Fault(apitest.Throttling())
	case 'd':
		w.api.Fault(apitest.NoPermission())
	case 's':
		w.api.Fault(apitest.Suspended())
	case 'x':
		w.api.Fault(apitest.ExpiredToken())
	case 'k', 'c':
		w.api.Fault(refusal(map[rune]string{'k': "SignatureDoesNotMatch", 'c': "InvalidTimeStamp.Expired"}[answer]))
	}
	before, notified := w.store.Writes(), maps.Clone(w.sinks[0].notices)
	_, err, _ := w.process().run(Request{Action: ActionPoll}, func(a *App) { a.API, a.Attended = lister, attended })
	if (err == nil) != (answer == '.' || answer == ':') {
		w.t.Errorf("answer %c: %v", answer, err)
	}
	for _, b := range w.sinks[1:] {
		if !maps.Equal(b.notices, w.sinks[0].notices) {
			w.t.Errorf("%s heard %v, %s %v", b.name, b.notices, w.sinks[0].name, w.sinks[0].notices)
		}
	}
	heard = "."
	for kind, letter := range map[poller.Kind]string{template.Trouble: "T", template.Recovered: "R"} {
		if w.sinks[0].notices[kind] > notified[kind] {
			heard = letter
		}
	}
	return heard, fmt.Sprint(w.store.Writes() - before)
}

func refusal(code string) apitest.Fault {
	for _, f := range apitest.Refusals() {
		if f.Code == code {
			return f
		}
	}
	panic("apitest has no refusal " + code)
}

// What flaps for hours is notified a few times an hour, and what fails at the end of the
// quiet time is notified then.
func TestHealthOverHours(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	denied := &poller.Error{Class: poller.Denied, Code: "Forbidden.RAM"}
	var h Health
	notified := map[poller.Kind]int{}
	for minute := range 6 * 60 {
		var err error
		if minute%2 == 0 || minute > 5*60 {
			err = denied
		}
		var kind poller.Kind
		h, kind, _ = h.After(err, now.Add(time.Duration(minute)*time.Minute))
		notified[kind]++
	}
	if notified[template.Trouble] != 5*MostTroubles+1 || notified[template.Recovered] != 5*MostTroubles {
		t.Errorf("five hours of flapping and one of trouble were notified %d and %d times", notified[template.Trouble], notified[template.Recovered])
	}
}

// A clock that was set back does not silence anybody.
func TestHealthClockSetBack(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	h := Health{Window: now.Add(24 * time.Hour), Troubles: MostTroubles}
	if h, kind, _ := h.After(&poller.Error{Class: poller.Denied}, now); kind != template.Trouble || h.Troubles != 1 {
		t.Errorf("%q, %+v", kind, h)
	}
}

// The notice says since when, why, and what to do.
func TestTroubleNotice(t *testing.T) {
	began := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	var h Health
	var notice *template.Notice
	for n := range TroubleAfter {
		h, _, notice = h.After(&poller.Error{Class: poller.Transient, Code: "Throttling.User", Hint: "Wait.", Err: errors.New("slow down")}, began.Add(time.Duration(n)*time.Minute))
	}
	want := template.Notice{From: began, Code: "Throttling.User", Message: "slow down", Hint: "Wait.", Count: TroubleAfter}
	if notice == nil || !reflect.DeepEqual(*notice, want) {
		t.Errorf("notified %+v, want %+v", notice, want)
	}
	role := &poller.Error{Class: poller.Denied, Code: "NoPermission", Err: &poller.RoleError{Role: "acs:ram::1:role/x", Err: errors.New("not authorized")}}
	if _, _, notice := (Health{}).After(role, began); notice.Role != "acs:ram::1:role/x" || notice.Message != "assume the role acs:ram::1:role/x: not authorized" {
		t.Errorf("a role that is refused is notified as %+v", notice)
	}
	end := began.Add(time.Hour)
	if _, kind, notice := h.After(nil, end); kind != template.Recovered || notice.From != began || notice.To != end {
		t.Errorf("the end was notified as %q %+v", kind, notice)
	}
}

// A store that cannot be read leaves no checkpoint to count in, and nobody to notify
// by: the run's error has to.
func TestStoreTroubleIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		for range 4 {
			p := w.process()
			p.fault = func(op string) effect {
				if op == "store get" || op == "store list" {
					return failed
				}
				return fine
			}
			if _, err, _ := p.run(Request{Action: ActionPoll}); Code(err) != CodeCheckpoint || !errors.Is(err, errFault) {
				t.Errorf("the run said %v", err)
			}
			time.Sleep(time.Minute)
		}
		w.poll()
		if notified := w.sinks[0].notices; len(notified) > 0 {
			t.Errorf("notified %v of what nobody could count", notified)
		}
	})
}

// Nobody looked for longer than the API remembers: that is notified once, and stays in
// the report of its run.
func TestGapIsNotifiedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "ops", "hook")
		w.poll()
		time.Sleep(100 * time.Hour)
		lost := w.process() // its commit is overtaken by a death: the next run finds the gap again
		lost.fault = strikes("store create", 1, killed)
		lost.run(Request{Action: ActionPoll})
		if report := w.poll(); report.Gap == nil {
			t.Errorf("no gap in %+v", report)
		}
		for range 3 {
			time.Sleep(time.Minute)
			if report := w.poll(); report.Gap != nil {
				t.Errorf("the gap is reported again: %+v", report)
			}
		}
		for _, b := range w.sinks {
			if b.notices[template.Gap] != 1 || b.repeats() > 0 {
				t.Errorf("%s was notified of the gap %d times", b.name, b.notices[template.Gap])
			}
		}
	})
}

// A sink that is down hears of the trouble when it is back, once.
func TestTroubleWaitsForItsSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "hook")
		w.poll()
		w.sinks[0].verdict = func(sink.Message) error { return &sink.Error{Class: sink.Later, Code: "http_503"} }
		for range 3 {
			time.Sleep(time.Minute)
			w.answers(w.client(), 'd')
		}
		w.sinks[0].verdict = nil
		for range 3 {
			time.Sleep(time.Minute)
			w.answers(w.client(), 'd')
		}
		if notified := w.sinks[0].notices; notified[template.Trouble] != 1 || len(notified) != 1 {
			t.Errorf("notified %v", notified)
		}
	})
}
