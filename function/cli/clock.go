package cli

import (
	"time"
)

// timeZone is TIME_ZONE, or what the reader's language goes by.
func (w words) timeZone(configured *time.Location) *time.Location {
	switch {
	case configured != nil:
		return configured
	case w.chinese:
		return time.FixedZone("+08:00", 8*60*60)
	}
	return time.UTC
}

// clock writes times in one zone.
type clock struct{ *time.Location }

func (c clock) time(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(c.Location).Format("2006-01-02 15:04:05")
}

// short leaves out the year: a list covers three days, and its summary names them in full.
func (c clock) short(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(c.Location).Format("01-02 15:04:05")
}
