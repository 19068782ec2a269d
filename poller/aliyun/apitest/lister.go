package apitest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"refreshwatch/poller"
)

// attemptTimeout is how long the real client waits for one answer.
const attemptTimeout = 10 * time.Second

// Lister answers questions without HTTP and without retries: what the real client
// would return for one attempt, after latency. Within a testing/synctest bubble
// that time costs nothing.
func (s *Server) Lister(latency time.Duration) poller.Lister {
	return lister{s, latency}
}

type lister struct {
	server  *Server
	latency time.Duration
}

func (l lister) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	if err := l.wait(ctx, l.latency); err != nil {
		return poller.Page{}, err
	}
	v := l.server.answer(func(time.Time) (Request, *refusal) {
		return Request{
			Action: productNamed(l.server.options.Product).action,
			Page:   page, Size: poller.PageSize, From: q.From.UTC().Truncate(time.Second), To: q.To.UTC().Truncate(time.Second),
			Status: q.Status, ObjectType: q.ObjectType, Domain: q.Domain, TaskID: q.TaskID, ObjectPath: q.ObjectPath,
		}, nil
	})
	if f := v.fault; f != nil && f.Class != "" && f.refused == nil {
		if f.slow {
			if err := l.wait(ctx, attemptTimeout); err != nil {
				return poller.Page{}, err
			}
		}
		return poller.Page{}, &poller.Error{Class: f.Class, Code: f.Code, RequestID: v.id, Err: errors.New(f.Name)}
	}
	if r := v.refused; r != nil {
		err := errors.New(r.message)
		if q.TaskID != "" && (r.code == "InvalidTaskId.Malformed" || r.code == "InvalidTaskId.NotFound") {
			err = fmt.Errorf("%w: %s", poller.ErrNoSuchTask, r.message)
		}
		return poller.Page{}, &poller.Error{Class: r.class, Code: r.code, RequestID: v.id, Err: err}
	}
	return poller.Page{
		Tasks: v.listing.rows, Number: v.listing.number, Total: v.listing.total,
		Now: l.server.now().UTC().Truncate(time.Second),
	}, nil
}

func (l lister) wait(ctx context.Context, d time.Duration) error {
	if err := l.server.wait(ctx, d); err != nil {
		return fmt.Errorf("list refresh tasks: %w", err)
	}
	return nil
}
