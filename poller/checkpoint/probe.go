package checkpoint

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Prober is a [Store] that can prove itself, as those of New can.
type Prober interface{ Probe(context.Context) error }

// Inspector is a [Store] that can report what works and should not stay so.
type Inspector interface {
	Inspect(context.Context) []*Error
}

// Inspect reports what works and should not stay so, such as a folder that other
// users may write. It writes nothing, and finds nothing in a store that cannot tell.
func Inspect(ctx context.Context, s Store) []*Error {
	if i, ok := s.(Inspector); ok {
		return i.Inspect(ctx)
	}
	return nil
}

func (g *generations) Inspect(ctx context.Context) []*Error {
	if i, ok := g.backend.(Inspector); ok {
		return i.Inspect(ctx)
	}
	return nil
}

// Probe proves that a store writes an object once: of several creates at the same
// time one must win, and a later one must be refused. It leaves nothing behind. A
// store that fails it would let two runs believe that each had won.
func Probe(ctx context.Context, s Store) error {
	p, ok := s.(Prober)
	if !ok {
		return &Error{Op: "probe the checkpoint", Problem: "this store cannot be probed"}
	}
	if err := p.Probe(ctx); err != nil {
		return fmt.Errorf("probe the checkpoint: %w", err)
	}
	return nil
}

func (g *generations) Probe(ctx context.Context) (err error) {
	name := probePrefix + rand.Text()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if rmErr := g.backend.Remove(ctx, name); rmErr != nil {
			err = errors.Join(err, rmErr)
		}
	}()
	winner, err := g.race(ctx, name)
	if err != nil {
		return err
	}
	switch _, err := g.backend.Create(ctx, name, []byte("late")); {
	case err == nil:
		return unfit("a second write of the same object was accepted")
	case !errors.Is(err, ErrConflict):
		return err
	}
	a, err := g.backend.Get(ctx, name)
	if err != nil {
		return err
	}
	if string(a.Data) != winner {
		return unfit(fmt.Sprintf("%q was written, %q was read", winner, a.Data))
	}
	// Every load asks for a generation that does not exist yet.
	switch a, err := g.backend.Get(ctx, name+"-absent"); {
	case err != nil:
		return err
	case a.Found:
		return unfit("an object that was never written was read")
	}
	return nil
}

// race lets four creates of one object compete, and returns what the winner wrote.
func (g *generations) race(ctx context.Context, name string) (winner string, err error) {
	texts := [4]string{"one", "two", "three", "four"}
	var errs [len(texts)]error
	var wg sync.WaitGroup
	for i, text := range texts {
		wg.Go(func() { _, errs[i] = g.backend.Create(ctx, name, []byte(text)) })
	}
	wg.Wait()
	for i, err := range errs {
		switch {
		case err != nil && !errors.Is(err, ErrConflict):
			return "", err
		case err == nil && winner != "":
			return "", unfit("two simultaneous writes of the same object were accepted")
		case err == nil:
			winner = texts[i]
		}
	}
	if winner == "" {
		return "", unfit("the first write of a new object was refused")
	}
	return winner, nil
}

func unfit(problem string) error {
	return &Error{
		Op:      "write once",
		Problem: problem,
		Next:    "This store cannot keep two runs apart; choose another CHECKPOINT",
	}
}
