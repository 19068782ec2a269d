package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// world is everything around a run, in memory: the API, the store, the sinks.
// Inside a synctest bubble its days take milliseconds.
type world struct {
	t     *testing.T
	api   *apitest.Server
	store *checkpointtest.Mem
	sinks []*inbox
	log   *slog.Logger
}

func newWorld(t *testing.T, sinks ...string) *world {
	w := &world{t: t, api: apitest.New(apitest.Options{}), store: checkpointtest.NewMem(), log: slog.New(slog.DiscardHandler)}
	for _, name := range sinks {
		w.sinks = append(w.sinks, newInbox(name))
	}
	return w
}

// process is one start of the program: it shares the world, and dies alone.
func (w *world) process() *process {
	p := &process{world: w}
	p.mem = w.store.Process(p.step)
	return p
}

// process is a run's own view of the world, with the faults it meets.
type process struct {
	*world
	mem   *checkpointtest.Mem
	fault func(op string) effect // asked at each step towards the store and the sinks; nil for none
	mu    sync.Mutex
	dead  bool
	steps []string // what was done, in order

	timeout time.Duration // of a run; 0 for runTimeout
}

// effect is what happens to one step.
type effect int

const (
	fine   effect = iota
	failed        // nothing happened, and an error says so
	lost          // it happened, but the answer was lost
	killed        // the process died before it
	died          // the process died after it
	slow          // nothing happened, and no answer came in time
	tardy         // it happened, but no answer came in time
	late          // an error came first, and then it happened
)

func (p *process) meets(op string) effect {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return killed
	}
	p.steps = append(p.steps, op)
	if p.fault == nil {
		return fine
	}
	e := p.fault(op)
	p.dead = e == killed || e == died
	return e
}

var errFault = errors.New("fault of the test")

// step is the store's hook.
func (p *process) step(op checkpointtest.Op) checkpointtest.Fault {
	switch p.meets("store " + op.Verb) {
	case failed:
		return checkpointtest.Fault{Err: errFault}
	case lost:
		return checkpointtest.Fault{Err: errFault, Landed: true}
	case killed:
		return checkpointtest.Fault{Kill: true}
	case died:
		return checkpointtest.Fault{Kill: true, Landed: true}
	case slow:
		return checkpointtest.Fault{Delay: time.Hour}
	case tardy:
		return checkpointtest.Fault{Delay: time.Hour, Landed: true}
	case late:
		return checkpointtest.Fault{Err: errFault, Late: 700 * time.Millisecond}
	}
	return checkpointtest.Fault{}
}

// asker is the way from a process to the API. Asking changes nothing, so that a
// question that was not asked and an answer that was lost are the same.
type asker struct {
	p   *process
	api poller.Lister
}

func (a asker) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	switch a.p.meets("api") {
	case fine:
		return a.api.List(ctx, q, page)
	case slow, tardy:
		<-ctx.Done()
		return poller.Page{}, fmt.Errorf("list refresh tasks: %w", ctx.Err())
	}
	return poller.Page{}, &poller.Error{Class: poller.Transient, Code: "Transport", Err: errFault}
}

// app is the program under test, as wired for this process.
func (p *process) app() *App {
	var to []string
	var channels []notifier.Target
	for _, s := range p.sinks {
		to = append(to, s.name)
		channels = append(channels, notifier.Target{Name: s.name, Sink: sender{p, s}, Grouping: s.style})
	}
	return &App{
		API: asker{p, p.api.Lister(20 * time.Millisecond)}, Store: p.mem, Targets: channels,
		Routes: notifier.Routes{{To: to}}, QPS: 4, Log: p.log,
	}
}

// runTimeout is the deadline of a run.
const runTimeout = time.Minute

// run runs one request; it reports false when the process was killed.
func (p *process) run(req Request, change ...func(*App)) (report Report, err error, alive bool) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(checkpointtest.Killed); !ok {
				panic(r)
			}
		}
	}()
	ctx, stop := context.WithTimeout(context.Background(), cmp.Or(p.timeout, runTimeout))
	defer stop()
	app := p.app()
	for _, c := range change {
		c(app)
	}
	report, err = app.Run(ctx, req)
	return report, err, true
}

// poll is one undisturbed tick, which must succeed.
func (w *world) poll() Report { w.t.Helper(); return w.do(Request{Action: ActionPoll}) }

func (w *world) do(req Request, change ...func(*App)) Report {
	w.t.Helper()
	report, err, _ := w.process().run(req, change...)
	if err != nil {
		w.t.Fatalf("%s: %v", req.Action, err)
	}
	return report
}

func (w *world) add(tasks ...apitest.Task) {
	w.t.Helper()
	if err := w.api.Add(tasks...); err != nil {
		w.t.Fatal(err)
	}
}

func key(i int) poller.Key {
	return poller.Key{TaskID: fmt.Sprint(1000 + i), ObjectType: "file", ObjectPath: fmt.Sprintf("https://cdn.example.com/%d.mp4", i)}
}

// inbox is a receiver: it accepts what is sent to it, and counts.
type inbox struct {
	name  string
	style sink.Grouping

	mu            sync.Mutex
	accepted      map[string]int                // by delivery id
	from          map[string][]acceptance       // the same, one by one
	notified      map[poller.Key]int            // accepted deliveries a row was in
	covers        map[string]string             // what each delivery id says, which never changes
	actions       map[string]int                // accepted deliveries by action, each once
	inFlight      []int                         // what each said of its submission
	notifications map[poller.Key][]notification // what was said of each row, one for each delivery id
	notices       map[poller.Kind]int           // accepted ones, by kind
	verdict       func(sink.Message) error      // nil accepts
}

func newInbox(name string) *inbox {
	return &inbox{name: name, style: sink.Batched, accepted: map[string]int{}, from: map[string][]acceptance{}, notified: map[poller.Key]int{}, covers: map[string]string{}, notifications: map[poller.Key][]notification{}, notices: map[poller.Kind]int{}, actions: map[string]int{}}
}

func (b *inbox) accept(p *process, d sink.Message, e effect) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.from[d.ID] = append(b.from[d.ID], acceptance{p, e != fine})
	if d.Notice != nil {
		b.notices[d.Kind]++
	}
	if b.accepted[d.ID] == 0 {
		b.actions[d.Action]++
	}
	b.inFlight = append(b.inFlight, d.InFlight)
	tasks := fmt.Sprint(len(d.Events))
	if d.Notice == nil {
		tasks += fmt.Sprint(d.Action, d.InFlight)
	}
	for _, e := range d.Events {
		b.notified[e.Task.Key]++
		if b.accepted[d.ID] == 0 {
			b.notifications[e.Task.Key] = append(b.notifications[e.Task.Key], notification{d.ID, e})
		}
		tasks += e.ID()
	}
	if before, ok := b.covers[d.ID]; ok && before != tasks {
		p.t.Errorf("sink %s: delivery %s came with something else", b.name, d.ID)
	}
	b.covers[d.ID] = tasks
	b.accepted[d.ID]++
}

// acceptance is one arrival of a delivery.
type acceptance struct {
	*process      // who sent it
	unheard  bool // and never heard that it arrived
}

// notification is one event as one delivery id notified it.
type notification struct {
	ID    string // of the delivery
	Event poller.Event
}

// repeats counts the deliveries that were accepted more than once.
func (b *inbox) repeats() int {
	n := 0
	for _, times := range b.accepted {
		n += times - 1
	}
	return n
}

// sender is the way from a process to an inbox.
type sender struct {
	p *process
	b *inbox
}

func (s sender) Send(ctx context.Context, d sink.Message) error {
	if s.b.verdict != nil {
		if err := s.b.verdict(d); err != nil {
			return err
		}
	}
	e := s.p.meets("send " + s.b.name)
	switch e {
	case failed, killed, late:
		return &sink.Error{Class: sink.Later, Code: "503", Err: errFault}
	case lost, died:
		s.b.accept(s.p, d, e)
		return &sink.Error{Class: sink.Unknown, Code: "reset", Err: errFault}
	case tardy:
		s.b.accept(s.p, d, e)
		fallthrough
	case slow:
		poller.Sleep(ctx, sink.PostTimeout)
		return &sink.Error{Class: sink.Unknown, Code: "timeout", Err: errFault}
	}
	s.b.accept(s.p, d, e)
	return nil
}

// head decodes the newest document, behind the program's back.
func (w *world) head() Document {
	w.t.Helper()
	doc, err := w.store.Process(nil).Load(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	if doc.Generation == 0 {
		return Document{}
	}
	d, err := DecodeDocument(doc.Data)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}
