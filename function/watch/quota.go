package watch

import (
	"context"
	"errors"
	"slices"
	"time"

	"refreshwatch/notifier"
	"refreshwatch/poller"
	"refreshwatch/template"
)

// QuotaReader reads what is left of today's quota. An error of class
// [poller.Denied] is a missing permission.
type QuotaReader interface {
	Quota(ctx context.Context) ([]poller.Quota, error)
}

// How often polls read the quota: when tasks were submitted since it was last read, and
// not more often than this. A permission that is missing is not tried again for longer,
// since every refusal shows up in the account's audit log.
const (
	quotaEvery  = time.Hour
	quotaDenied = 24 * time.Hour
)

// QuotaWatch is what polls remember of the quota, so that people are notified once a day
// of each type that runs low.
type QuotaWatch struct {
	Due      bool      `json:"due,omitempty"`      // tasks came or finished since it was last read
	Next     time.Time `json:"next,omitzero"`      // it is not read again before
	Day      string    `json:"day,omitempty"`      // of the quota, the last on which somebody was notified
	Notified []string  `json:"notified,omitempty"` // object types that were low then
}

// noting is the memory after a poll that has seen new rows, or none.
func (q QuotaWatch) noting(newRows bool) QuotaWatch {
	q.Due = q.Due || newRows
	return q
}

// isTime reports whether a poll reads the quota. A time further ahead than any pause
// was written by a clock that was wrong.
func (q QuotaWatch) isTime(now time.Time) bool {
	return q.Due && (!q.Next.After(now) || q.Next.Sub(now) > quotaDenied)
}

// after is the memory once the quota was asked for, and what people are to be notified
// of: all that is low, when somebody is still to be notified of some of it today.
func (q QuotaWatch) after(a quotaAnswer, now time.Time) (QuotaWatch, []poller.Quota) {
	q.Next = now.Add(quotaEvery)
	if a.err != nil {
		if isLasting(a.err) {
			q.Next = now.Add(quotaDenied)
		}
		return q, nil
	}
	q.Due = false
	low := slices.DeleteFunc(slices.Clone(a.left), func(l poller.Quota) bool { return !l.IsLow() })
	// A day before the remembered one is another machine's clock around midnight; one
	// that is far from it is a clock that was wrong.
	today, tomorrow := quotaDay(now), quotaDay(now.Add(24*time.Hour))
	if q.Day != today && q.Day != tomorrow {
		q.Day, q.Notified = today, nil
	}
	known := func(l poller.Quota) bool { return slices.Contains(q.Notified, l.ObjectType) }
	if !slices.ContainsFunc(low, func(l poller.Quota) bool { return !known(l) }) {
		return q, nil
	}
	q.Notified = slices.Clone(q.Notified)
	for _, l := range low {
		if !known(l) {
			q.Notified = append(q.Notified, l.ObjectType)
		}
	}
	return q, low
}

// quotaDay names the day that a quota counts for. No document says when it is renewed;
// midnight in China is the vendor's day elsewhere (unverified, read 2026-11). If it is
// another hour, what is low over midnight is notified once more.
func quotaDay(t time.Time) string {
	return t.In(time.FixedZone("UTC+8", 8*60*60)).Format(time.DateOnly)
}

// isLasting reports whether another try within hours is in vain.
func isLasting(err error) bool {
	var api *poller.Error
	return errors.As(err, &api) && (api.Class == poller.Denied || api.Class == poller.Rejected)
}

// hasNewRows reports whether a poll has seen rows that no poll saw before, or their end:
// only submissions use up the quota.
func hasNewRows(c poller.Change, now time.Time) bool {
	return c.New > 0 || slices.ContainsFunc(c.State.InFlight, func(o poller.InFlight) bool { return o.FirstSeen.Equal(now) })
}

// watchQuota reads the quota when it is time, and adds a notice when it runs low. It
// comes after everything else and never in a run that is short of time: tasks matter
// more. What it cannot read is no trouble of the poll, and only check speaks of it.
func (r *run) watchQuota(ctx context.Context, d *draft) {
	now := r.now()
	if r.req.DryRun || r.apiErr != nil || !d.doc.Quota.isTime(now) {
		return
	}
	if time.Until(r.fetchUntil(d.found.finished)) < r.quotaTime() {
		return
	}
	answer := r.readQuota(ctx)
	if answer == nil || ctx.Err() != nil {
		return
	}
	memory, low := d.doc.Quota.after(*answer, now)
	d.doc.Quota, d.changed = memory, true
	if len(low) > 0 {
		d.doc.Outbox = d.doc.Outbox.Add(notifier.Notices(r.Targets, template.LowQuota, quotaNotice(low, now), now))
	}
}

// quotaAnswer is what came of asking.
type quotaAnswer struct {
	left []poller.Quota
	err  error
}

// readQuota asks once a run, for a short time; nil where nobody can be asked.
func (r *run) readQuota(ctx context.Context) *quotaAnswer {
	if r.Quota == nil || r.quota != nil {
		return r.quota
	}
	ctx, stop := context.WithTimeout(ctx, r.quotaTime())
	defer stop()
	left, err := r.Quota.Quota(ctx)
	if err == nil {
		r.facts.calls++
	}
	r.quota = &quotaAnswer{left, err}
	return r.quota
}

// quotaTime is how long the quota is waited for: an answer takes tenths of a second, and
// its turn may have to come first.
func (r *run) quotaTime() time.Duration {
	return 3*time.Second + time.Duration(float64(time.Second)/r.QPS)
}

// quotaNotice is sent when less than a tenth is left.
func quotaNotice(low []poller.Quota, now time.Time) *template.Notice {
	return &template.Notice{From: now, Code: "quota", Quota: low, Message: "left today: " + poller.QuotaText(low), Hint: QuotaAdvice}
}

// QuotaAdvice is what to do about a quota that is low.
const QuotaAdvice = "Submissions beyond the quota fail until it is renewed, which happens once a day. Check what submits so much, or ask Alibaba Cloud for a larger quota"
