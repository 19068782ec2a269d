package watch

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// Thousands of seeds before a release:
//
//	go test ./function/watch -run TestHistories -seeds 5000
var (
	seeds     = flag.Uint64("seeds", 40, "how many random histories to live through; at least 200 with -long")
	firstSeed = flag.Uint64("first-seed", 1, "the first of them")
)

// Random histories: tasks come in bursts and end in every way, polls and backfills
// overlap, and the API, the store, the sinks and the processes fail. Whatever
// happens, afterwards everything was notified, and twice only where that is excused.
func TestHistories(t *testing.T) {
	if *long {
		*seeds = max(*seeds, 200)
	}
	for seed := *firstSeed; seed < *firstSeed+*seeds; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { newHistory(t, seed).live() })
		})
	}
}

// history is one random life.
type history struct {
	*world
	rng    *rand.Rand
	notify bool          // FIRST_RUN=notify
	period time.Duration // between two polls
	rows   []apitest.Task

	wg        sync.WaitGroup
	mu        sync.Mutex
	runs      []*past
	began     time.Time // when the first poll succeeded; what is older is history
	mark      time.Time // the highest seen so far
	writes    int       // when it was seen
	submitted int
}

// past is a run that ended, or its process did.
type past struct {
	*process
	req        Request
	from, to   time.Time
	unrecorded bool // it may have sent what it could not record
}

func newHistory(t *testing.T, seed uint64) *history {
	h := &history{world: newWorld(t, "ops", "hook"), rng: rand.New(rand.NewPCG(seed, 0))}
	h.api = apitest.New(apitest.Options{
		Lazy: h.chance(0.2), OldestFirst: h.chance(0.2), EndExclusive: h.chance(0.2),
		UnknownTaskIsError: h.chance(0.2), Strict: h.chance(0.5),
	})
	h.notify = h.chance(0.5)
	h.period = []time.Duration{time.Minute, time.Minute, 2 * time.Minute, 10 * time.Minute}[h.rng.IntN(4)]
	h.sinks[1].style = sink.PerTask
	for _, b := range h.sinks {
		h.outage(b)
	}
	return h
}

func (h *history) chance(p float64) bool { return h.rng.Float64() < p }

// between is a random time.
func (h *history) between(low, high time.Duration) time.Duration {
	return low + time.Duration(h.rng.Int64N(int64(high-low)))
}

// outage lets the sink be down for some of the time.
func (h *history) outage(b *inbox) {
	if !h.chance(0.3) {
		return
	}
	from := time.Now().Add(h.between(0, 2*time.Hour))
	to := from.Add(h.between(time.Minute, 2*time.Hour))
	b.verdict = func(sink.Message) error {
		if now := time.Now(); now.Before(from) || now.After(to) {
			return nil
		}
		return &sink.Error{Class: sink.Later, Code: "http_503", Err: errFault}
	}
}

func (h *history) live() {
	h.burst(h.rng.IntN(40)) // what was there before anybody watched
	time.Sleep(h.between(0, time.Hour))
	for range 10 + h.rng.IntN(30) {
		h.minute()
	}
	h.wg.Wait()
	h.quiet()
	h.check()
}

// minute is one period, with what happens in it.
func (h *history) minute() {
	if h.chance(0.4) {
		h.burst(1 + h.rng.IntN(4))
	}
	if h.chance(0.01) {
		h.burst(40 + h.rng.IntN(80))
	}
	if h.chance(0.1) {
		h.api.Fault(h.lie())
	}
	h.start(Request{Action: ActionPoll}, 0)
	if h.chance(0.1) {
		h.start(Request{Action: ActionPoll}, h.between(0, time.Minute))
	}
	if h.chance(0.07) {
		h.start(h.wish(), h.between(0, time.Minute))
	}
	pause := h.period
	if h.chance(0.01) {
		pause = h.between(time.Hour, 20*time.Hour) // nobody polls
	}
	time.Sleep(pause)
	h.watchMark()
}

// burst submits rows, many under one task id when there are many.
func (h *history) burst(rows int) {
	h.submitted++
	shared := h.chance(0.5)
	for i := range rows {
		id := h.submitted * 1000
		if !shared {
			id += i
		}
		task := apitest.Task{Created: time.Now().Add(h.between(0, h.period)), Steps: h.fate()}
		task.Key = poller.Key{
			TaskID:     fmt.Sprint(id),
			ObjectType: []string{"file", "directory", "preload"}[h.rng.IntN(3)],
			ObjectPath: fmt.Sprintf("https://%s.example.com/%d/%d", []string{"cdn", "img"}[h.rng.IntN(2)], h.submitted, i),
		}
		if h.chance(0.1) {
			task.Late = h.between(0, 4*time.Minute)
		}
		h.rows = append(h.rows, task)
		h.add(task)
	}
}

// fate is what becomes of a row. All end within three hours, but those that are stuck.
func (h *history) fate() []apitest.Step {
	after := h.between(time.Second, 10*time.Minute)
	if h.chance(0.1) {
		after = h.between(0, 2*time.Hour)
	}
	switch n := h.rng.IntN(20); {
	case n == 0:
		return apitest.Stuck(after)
	case n == 1: // it changes its mind
		return append(apitest.Finish(after), apitest.Step{After: after + h.between(time.Second, time.Hour), Status: poller.Failed})
	case n == 2: // an end that is taken back for a while
		steps := append(apitest.Fail(after, "Origin Timeout"), apitest.Step{After: after + time.Minute, Status: poller.Refreshing})
		return append(steps, apitest.Step{After: after + 2*time.Minute, Status: poller.Failed})
	case n < 6:
		return apitest.Fail(after, "Origin Timeout")
	}
	return apitest.Finish(after)
}

// lie is an answer or two that are wrong.
func (h *history) lie() apitest.Fault {
	lies := []apitest.Fault{
		apitest.LyingTotal(1 + h.rng.IntN(60)), apitest.LyingTotal(-1 - h.rng.IntN(60)),
		apitest.ShortPage(1 + h.rng.IntN(50)), apitest.RepeatedRows(1 + h.rng.IntN(50)),
		apitest.Shuffled(), apitest.StaleReplica(h.between(time.Second, 3*time.Minute)),
		apitest.WithoutStatus(), apitest.Throttling(), apitest.Truncated(), apitest.Hang(),
	}
	return lies[h.rng.IntN(len(lies))].Times(1 + h.rng.IntN(2))
}

// wish is a backfill.
func (h *history) wish() Request {
	r := Request{Action: ActionBackfill, Since: []string{"", "1h", "30m", "2d"}[h.rng.IntN(4)]}
	r.Renotify, r.DryRun = h.chance(0.2), h.chance(0.2)
	if h.chance(0.3) {
		r.Statuses = []string{finishedStatuses[h.rng.IntN(2)]}
	}
	if h.chance(0.3) {
		r.ObjectTypes = []string{ObjectTypes[h.rng.IntN(3)]}
	}
	if h.chance(0.2) {
		r.Domains = []string{"*dn.example.com"}
	}
	if h.chance(0.1) && len(h.rows) > 0 {
		r.TaskID = h.rows[h.rng.IntN(len(h.rows))].TaskID
	}
	if h.chance(0.3) {
		r.Sinks = []string{both[h.rng.IntN(2)]}
	}
	return r
}

// start lets a process run beside the others, some of them with faults.
func (h *history) start(req Request, in time.Duration) {
	p := &past{process: h.process(), req: req}
	if h.chance(0.2) {
		p.fault = unlucky(rand.New(rand.NewPCG(h.rng.Uint64(), 0)))
	}
	h.wg.Go(func() {
		time.Sleep(in)
		p.from = time.Now()
		_, err, alive := p.run(req, func(a *App) { a.NotifyFirst = h.notify })
		p.to = time.Now()
		p.unrecorded = !alive || Code(err) == CodeCheckpoint
		h.mu.Lock()
		defer h.mu.Unlock()
		h.runs = append(h.runs, p)
		if alive && err == nil && req.Action == ActionPoll && h.began.IsZero() {
			h.began = p.to
		}
	})
}

// unlucky is a process that meets a fault now and then.
func unlucky(rng *rand.Rand) func(string) effect {
	effects := []effect{failed, failed, lost, lost, killed, died, slow, tardy, late}
	return func(string) effect {
		if rng.Float64() > 0.1 {
			return fine
		}
		return effects[rng.IntN(len(effects))]
	}
}

// watchMark sees that what was read in full never becomes less.
func (h *history) watchMark() {
	writes := h.store.Writes()
	if writes == h.writes {
		return
	}
	h.writes = writes
	mark := h.head().Poller.Mark()
	if mark.IsZero() {
		return
	}
	if mark.Before(h.mark) {
		h.t.Errorf("the mark went back from %v to %v", h.mark, mark)
	}
	h.mark = mark
}

// quiet is long enough for every row to end, every claim and every pause to pass,
// and old rows to be read once more.
func (h *history) quiet() {
	h.api.Heal()
	for _, b := range h.sinks {
		b.verdict = nil
	}
	for range 15 {
		time.Sleep(20 * time.Minute)
		h.do(Request{Action: ActionPoll}, func(a *App) { a.NotifyFirst = h.notify })
		h.watchMark()
	}
}

// check compares what the sinks were notified with what became of the rows.
func (h *history) check() {
	if began := h.head().Poller.Began; began.After(h.began) {
		h.t.Errorf("a poll succeeded at %v, yet watching began at %v", h.began, began)
	} else {
		h.began = began
	}
	for _, b := range h.sinks {
		for _, row := range h.rows {
			h.checkRow(b, row)
		}
		h.checkRepeats(b)
	}
	h.checkBounds()
}

func (h *history) checkRow(b *inbox, row apitest.Task) {
	notifications := slices.Clone(b.notifications[row.Key])
	slices.SortFunc(notifications, func(x, y notification) int { return x.Event.Observed.Compare(y.Event.Observed) })
	ended := row.Steps[len(row.Steps)-1].Status.Finished()
	history := !h.notify && row.Created.Before(h.began)
	if len(notifications) == 0 && ended && !history {
		h.t.Errorf("%s was never notified of %v, created %v, %+v", b.name, row.Key, row.Created, row.Steps)
	}
	for i, x := range notifications {
		if x.Event.Kind != poller.Finished || !ended {
			h.t.Errorf("%s was notified that %v is %s", b.name, row.Key, x.Event.Kind)
		}
		if i > 0 && notifications[i-1].Event.Task.Status == x.Event.Task.Status && !h.renotified(x.Event.Observed) {
			h.t.Errorf("%s was notified twice that %v is %s, as %s and %s", b.name, row.Key, x.Event.Task.Status, notifications[i-1].ID, x.ID)
		}
	}
}

// renotified reports whether somebody asked for everything once more.
func (h *history) renotified(at time.Time) bool {
	return slices.ContainsFunc(h.runs, func(p *past) bool {
		return p.req.Renotify && !p.req.DryRun && !at.Before(p.from) && !at.After(p.to)
	})
}

// checkRepeats: a delivery that was accepted comes again only if its sender did not
// hear of that, or could not record it.
func (h *history) checkRepeats(b *inbox) {
	byProcess := map[*process]*past{}
	for _, p := range h.runs {
		byProcess[p.process] = p
	}
	for id, by := range b.from {
		for _, a := range by[:len(by)-1] {
			if p := byProcess[a.process]; !a.unheard && (p == nil || !p.unrecorded) {
				h.t.Errorf("%s was notified %s again, although its sender knew and recorded it", b.name, id)
			}
		}
	}
}

func (h *history) checkBounds() {
	d := h.head()
	if len(d.Outbox.Pending)+len(d.Outbox.Dead) > 0 || len(d.Poller.Finished)+len(d.Poller.InFlight) > len(h.rows) {
		h.t.Errorf("the document holds %d deliveries and %d rows of %d",
			len(d.Outbox.Pending)+len(d.Outbox.Dead), len(d.Poller.Finished)+len(d.Poller.InFlight), len(h.rows))
	}
	if size, most := len(h.load().Data), 4096+17*len(d.Poller.Finished)+600*len(d.Poller.InFlight); size > most {
		h.t.Errorf("the document has %d bytes, want at most %d", size, most)
	}
	if n := len(h.store.Names()); n > 60 {
		h.t.Errorf("%d objects are left in the store", n)
	}
}
