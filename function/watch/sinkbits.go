package watch

import (
	"fmt"
	"slices"

	"refreshwatch/poller"
)

// MaxSinks is how many sinks a row can be recorded for.
const MaxSinks = 32

// withSinks gives every configured sink a bit of [poller.Sinks]. A sink that is removed
// keeps its bit: it may come back. Only when the bits run out is one that is not used
// taken over, and what rows remember of its former sink forgotten. A document of format 1
// names no sinks: then those of today are the ones that rows were sent to.
func (d Document) withSinks(names []string) (Document, error) {
	if len(names) > MaxSinks {
		return d, fmt.Errorf("%d sinks are configured, and a task can be recorded for %d", len(names), MaxSinks)
	}
	upgrade := len(d.Sinks) == 0
	d.Sinks = slices.Clone(d.Sinks)
	for _, name := range names {
		if slices.Contains(d.Sinks, name) {
			continue
		}
		if len(d.Sinks) < MaxSinks {
			d.Sinks = append(d.Sinks, name)
			continue
		}
		i := slices.IndexFunc(d.Sinks, func(old string) bool { return !slices.Contains(names, old) })
		d.Sinks[i] = name
		d.Poller = d.Poller.OnlySinks(^(poller.Sinks(1) << i))
	}
	if upgrade {
		d.Poller = d.Poller.OnlySinks(poller.Sinks(1)<<len(d.Sinks) - 1)
	}
	return d, nil
}

// bits are the sinks as rows remember them.
func (d Document) bits(names ...string) poller.Sinks {
	var bits poller.Sinks
	for _, name := range names {
		if i := slices.Index(d.Sinks, name); i >= 0 {
			bits |= 1 << i
		}
	}
	return bits
}

// unreached are the sinks that the document knows and a run does not have that prints
// its messages.
func (r *run) unreached() []string {
	if !r.Printed {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(r.doc.Sinks), r.isConfigured)
}

// sinkNames are the configured sinks.
func (r *run) sinkNames() []string {
	var names []string
	for _, c := range r.Targets {
		names = append(names, c.Name)
	}
	return names
}
