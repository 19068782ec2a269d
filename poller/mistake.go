package poller

import (
	"errors"
	"strings"
)

// Mistake is one thing that an operator has to correct: which setting, what is
// wrong with it, and what to do next. Whoever finds it knows the problem and the
// next step; whoever knows how the operator set it fills in Setting. It lives here
// because every package may import this one.
//
// None of its texts may hold a secret. What the operator typed is quoted only where
// it cannot be one.
type Mistake struct {
	// Setting is a variable ("SLACK_CHANNEL"), a place in a file ("CONFIG_FILE: line
	// 3, column 7") or a flag ("-since"). Empty when the finder does not know it.
	Setting string
	// Problem says what is wrong, without a capital letter or a full stop at its
	// ends: "not a duration".
	Problem string
	// Next is the step that corrects it, as a sentence without its full stop: "Write
	// it like 45m or 2h". Empty when Problem says enough.
	Next string
}

// Error is "SETTING: problem. Next."; what is empty is left out with its
// punctuation.
func (m *Mistake) Error() string {
	var b strings.Builder
	if m.Setting != "" {
		b.WriteString(m.Setting + ": ")
	}
	b.WriteString(m.Problem)
	if m.Next != "" {
		b.WriteString(". " + m.Next)
		if !strings.HasSuffix(m.Next, "?") {
			b.WriteString(".")
		}
	}
	return b.String()
}

// Mistakes are the mistakes in err, in order, whether it is one, wraps one, or joins
// several. A joined error that is no Mistake becomes one with its text as Problem,
// so that nothing is lost. nil without an error.
func Mistakes(err error) []*Mistake {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Mistake
		for _, e := range joined.Unwrap() {
			all = append(all, Mistakes(e)...)
		}
		return all
	}
	if m, ok := err.(*Mistake); ok {
		return []*Mistake{m}
	}
	if inner := errors.Unwrap(err); inner != nil && holdsMistake(inner) {
		return Mistakes(inner)
	}
	return []*Mistake{{Problem: err.Error()}}
}

func holdsMistake(err error) bool {
	var m *Mistake
	return errors.As(err, &m)
}

// At is err with setting filled in for every mistake that names none. A setting
// that is already known stays: it is the more precise one.
func At(setting string, err error) error {
	var all []error
	for _, m := range Mistakes(err) {
		named := *m
		if named.Setting == "" {
			named.Setting = setting
		}
		all = append(all, &named)
	}
	return errors.Join(all...)
}
