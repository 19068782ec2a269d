package checkpointtest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"refreshwatch/poller/checkpoint"
)

// The verbs of an Op. Swap creates, then puts latest; Load gets and lists.
const (
	Get    = "get"
	Create = "create"
	Put    = "put"
	List   = "list"
	Remove = "remove"
)

// Op is one step of a store towards its place.
type Op struct {
	Verb string
	Name string // of the object: a generation in 20 digits, or "latest"
	N    int    // which one of its verb this is through this Mem, from 1
}

// Fault is what happens to one Op. The zero Fault lets it be.
type Fault struct {
	Delay  time.Duration // wait before; when ctx ends first, fail with its error
	Err    error         // fail with this, without an effect unless Landed or Late is set
	Landed bool          // take effect although it fails or kills: only the answer is lost
	Late   time.Duration // a write that takes effect so long after it failed
	Kill   bool          // end the caller: panic(Killed{}), now and on every later Op
}

// Killed is what a killed caller panics with; the test recovers it.
type Killed struct{}

// Hook decides about each Op before it happens. It may be called concurrently.
type Hook func(Op) Fault

// Mem is a Store in memory, as one process sees it. Its clock is time.Now, so in a
// synctest bubble it is the bubble's.
type Mem struct {
	checkpoint.Store
	client *client
	disk   *disk
}

// NewMem returns an empty store.
func NewMem() *Mem {
	return (&Mem{disk: &disk{objects: map[string]object{}}}).Process(nil)
}

// Process returns another process's view of the same objects, with a Hook of its
// own, or none.
func (m *Mem) Process(h Hook) *Mem {
	c := &client{disk: m.disk, hook: h, count: map[string]int{}}
	return &Mem{Store: checkpoint.New(c), client: c, disk: m.disk}
}

// Probe makes Mem a checkpoint.Prober, as the stores it stands for are.
func (m *Mem) Probe(ctx context.Context) error { return m.Store.(checkpoint.Prober).Probe(ctx) }

// Backend is what this process's store stands on, to put something in between.
func (m *Mem) Backend() checkpoint.Backend { return m.client }

// SetHook changes what happens to this process's next steps.
func (m *Mem) SetHook(h Hook) {
	m.client.mu.Lock()
	defer m.client.mu.Unlock()
	m.client.hook = h
}

// Writes counts the generations that were ever created, by any process.
func (m *Mem) Writes() int {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return m.disk.created
}

// Names lists the objects there are, sorted.
func (m *Mem) Names() []string {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return slices.Sorted(maps.Keys(m.disk.objects))
}

// Object returns one object's bytes, nil if it does not exist.
func (m *Mem) Object(name string) []byte {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	return slices.Clone(m.disk.objects[name].data)
}

// Set writes an object behind the store's back; nil removes it.
func (m *Mem) Set(name string, data []byte) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	if data == nil {
		delete(m.disk.objects, name)
		return
	}
	m.disk.objects[name] = object{data: slices.Clone(data), modified: time.Now()}
}

// Age makes every object older by d.
func (m *Mem) Age(d time.Duration) {
	m.disk.mu.Lock()
	defer m.disk.mu.Unlock()
	for name, o := range m.disk.objects {
		o.modified = o.modified.Add(-d)
		m.disk.objects[name] = o
	}
}

// disk is what all processes share.
type disk struct {
	mu      sync.Mutex
	objects map[string]object
	created int
}

type object struct {
	data     []byte
	modified time.Time
}

func (d *disk) create(name string, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, exists := d.objects[name]; exists {
		return checkpoint.ErrConflict
	}
	d.objects[name] = object{data: slices.Clone(data), modified: time.Now()}
	d.created++
	return nil
}

func (d *disk) put(name string, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.objects[name] = object{data: slices.Clone(data), modified: time.Now()}
	return nil
}

func (d *disk) remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.objects, name)
	return nil
}

// client is one process's way to the disk: checkpoint.Backend with faults.
type client struct {
	disk *disk

	mu     sync.Mutex
	hook   Hook
	count  map[string]int
	killed bool
}

// do lets one Op happen as its Fault says.
func (c *client) do(ctx context.Context, verb, name string, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return err // like the real ones: nothing is even asked
	}
	f := c.fault(verb, name)
	if err := wait(ctx, f.Delay); err != nil {
		f.Err = err
	}
	if f.Err == nil && !f.Kill {
		return effect()
	}
	switch write := verb != Get && verb != List; {
	case f.Late > 0 && write:
		time.AfterFunc(f.Late, func() { _ = effect() })
	case f.Landed:
		_ = effect()
	}
	if f.Kill {
		panic(Killed{})
	}
	return f.Err
}

func (c *client) fault(verb, name string) Fault {
	c.mu.Lock()
	c.count[verb]++
	op, hook, killed := Op{Verb: verb, Name: name, N: c.count[verb]}, c.hook, c.killed
	c.mu.Unlock()
	switch {
	case killed:
		return Fault{Kill: true}
	case hook == nil:
		return Fault{}
	}
	f := hook(op) // unlocked: a hook may use the Mem
	if f.Kill {
		c.mu.Lock()
		c.killed = true
		c.mu.Unlock()
	}
	return f
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 || ctx.Err() != nil {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *client) Get(ctx context.Context, name string) (a checkpoint.Answer, err error) {
	err = c.do(ctx, Get, name, func() error {
		c.disk.mu.Lock()
		defer c.disk.mu.Unlock()
		o, found := c.disk.objects[name]
		a = checkpoint.Answer{Data: slices.Clone(o.data), Found: found, Now: time.Now()}
		return nil
	})
	return a, err
}

func (c *client) Create(ctx context.Context, name string, data []byte) (time.Time, error) {
	data = slices.Clone(data) // a late effect must not see what the caller did to it since
	err := c.do(ctx, Create, name, func() error { return c.disk.create(name, data) })
	return time.Now(), err
}

func (c *client) Put(ctx context.Context, name string, data []byte) error {
	data = slices.Clone(data)
	return c.do(ctx, Put, name, func() error { return c.disk.put(name, data) })
}

func (c *client) List(ctx context.Context) (l checkpoint.Listing, err error) {
	err = c.do(ctx, List, "", func() error {
		c.disk.mu.Lock()
		defer c.disk.mu.Unlock()
		l.Now = time.Now()
		for name, o := range c.disk.objects {
			l.Entries = append(l.Entries, checkpoint.Entry{Name: name, Modified: o.modified})
		}
		return nil
	})
	return l, err
}

func (c *client) Remove(ctx context.Context, name string) error {
	return c.do(ctx, Remove, name, func() error { return c.disk.remove(name) })
}
