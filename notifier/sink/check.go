package sink

import (
	"context"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "ok"
	Warn Level = "warn" // messages go out, but something is worse than it could be
	Bad  Level = "bad"  // messages will be refused
)

// Finding is one thing that was checked.
type Finding struct {
	Item   string // what was checked, such as "token"
	Level  Level
	Detail string
	Hint   string // what a person can do about it, a full sentence; may be ""
}

// Checker is a sink that can be checked without posting anything.
type Checker interface {
	Check(ctx context.Context) []Finding
}

// Previewer is a sink that can show the exact JSON it would post.
type Previewer interface {
	Body(m Message) ([]byte, error)
}

// CheckHome names the URL's host, and warns when it is not one of the platform's own:
// it may be the operator's relay.
func CheckHome(value Secret, home Home) Finding {
	u, err := ParseURL(string(value))
	if err != nil {
		return Finding{Item: "url", Level: Bad, Detail: err.Error()}
	}
	f := Finding{Item: "url", Level: OK, Detail: "goes to " + u.Hostname()}
	if len(home.Hosts) > 0 && !home.Has(u) {
		f.Level, f.Hint = Warn, "The platform's own URLs begin with "+home.Example()
	}
	return f
}

// Failed is a finding about an attempt that failed.
func Failed(item string, err error) Finding {
	e := *Outcome(err)
	f := Finding{Item: item, Level: Bad, Hint: e.Hint}
	if e.Class != Refused && f.Hint == "" {
		f.Hint = "Try again in a few minutes: it usually passes"
	}
	e.Hint = ""
	f.Detail = e.Error()
	return f
}

// Linker is a sink whose platform has a page that shows the card without posting it.
type Linker interface {
	BuilderLink(m Message) (string, error)
}
