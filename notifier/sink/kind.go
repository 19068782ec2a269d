package sink

import (
	"errors"
	"slices"

	"refreshwatch/poller"
	"refreshwatch/template"
)

// Kind is a row of the table of sink kinds. Environment, CONFIG_FILE, check, help
// and the tests of README and s.yaml read the table; nothing else lists the kinds.
type Kind struct {
	Type        string           // in CONFIG_FILE; also the sink's name when the environment configures it
	Title       string           // the platform's name, for people
	Dialect     template.Dialect // the markup it reads; "" when its body is data, not words
	Fields      []Field          // in the order in which help lists them
	Home        Home             // where the platform's own URLs lead
	Grouping    Grouping
	Concurrency int // deliveries under way at once; 0 means one

	Markup Markup // of its mentions; the zero Markup when nobody can be mentioned

	// New makes a sink of values that have passed every Check; mistakes are
	// [*poller.Mistake]s whose Setting is a field's key, joined. Use [Kind.Build].
	New func(Settings, Common) (Sink, error)
}

// Field is one setting of a kind.
type Field struct {
	Key      string   // in CONFIG_FILE
	Env      string   // the variable that sets it without CONFIG_FILE; "" for none
	EnvOnly  bool     // CONFIG_FILE has no key for it: the variable applies with and without the file
	Secret   bool     // its value is never shown
	Required bool     // a sink of this kind cannot do without it
	Default  string   // applies when it is not set
	Values   []string // the words it may be; empty for any text
	Help     string   // what it is, a phrase

	// Check judges a value that is set; nil accepts any. What is wrong is a
	// [*poller.Mistake] that names no setting and never repeats a secret.
	Check func(value string) error
}

// Settings are the values of a kind's fields, by key. All of them print as "***".
type Settings map[string]Secret

// Grouping is how a sink's events are put together into deliveries.
type Grouping int

// The groupings.
const (
	PerTask Grouping = iota // one message for the rows of one task id, a digest when that would be a flood: for people
	Batched                 // bodies of at most 50 rows: for programs
)

// Field is the field of that key.
func (k Kind) Field(key string) (Field, bool) {
	i := slices.IndexFunc(k.Fields, func(f Field) bool { return f.Key == key })
	if i < 0 {
		return Field{}, false
	}
	return k.Fields[i], true
}

// Check reports all that is wrong with the settings as [*poller.Mistake]s, joined.
// Their Setting is the field's key.
func (k Kind) Check(settings Settings) error {
	var mistakes []error
	for _, f := range k.Fields {
		mistakes = append(mistakes, poller.At(f.Key, f.check(string(settings[f.Key]))))
	}
	return errors.Join(mistakes...)
}

func (f Field) check(value string) error {
	switch {
	case value == "" && f.Required && f.Default == "":
		return &poller.Mistake{Problem: "not set"}
	case value == "" || f.Check == nil:
		return nil
	default:
		return f.Check(value)
	}
}

// Build makes a sink of the settings, after [Kind.Check]. Defaults are filled in.
func (k Kind) Build(settings Settings, common Common) (Sink, error) {
	if err := k.Check(settings); err != nil {
		return nil, err
	}
	filled := Settings{}
	for _, f := range k.Fields {
		if filled[f.Key] = settings[f.Key]; filled[f.Key] == "" {
			filled[f.Key] = Secret(f.Default)
		}
	}
	return k.New(filled, common)
}

// CheckURL is the Check of a field that holds a URL.
func CheckURL(value string) error {
	_, err := ParseURL(value)
	return err
}
