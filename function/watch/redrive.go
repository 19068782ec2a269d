package watch

import (
	"context"
	"time"
)

// redrive puts dead deliveries back into the outbox; the tick then delivers them.
func (r *run) redrive(context.Context) draft {
	d := draft{doc: r.doc}
	d.doc.Outbox = r.doc.Outbox.Redrive(r.isSelected, time.Now().UTC())
	d.changed = len(d.doc.Outbox.Dead) != len(r.doc.Outbox.Dead)
	return d
}
