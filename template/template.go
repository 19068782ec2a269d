package template

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	text "github.com/DataDog/datadog-agent/pkg/template/text"
)

// Options are the operator's choices. The zero value is English with the embedded
// words.
type Options struct {
	Lang string         // "en" (or "") or "zh"
	Dir  string         // files here override the embedded ones of the same name; "" for none
	Zone *time.Location // of written times; nil for UTC in English, UTC+8 in Chinese
	Warn func(error)    // told when an override fails on a message; nil to ignore it
}

// Set is the words of one language, ready to use by several goroutines.
type Set struct {
	zone     *time.Location
	warn     func(error)
	embedded func() (dialects, error) // parsed when the first message comes: most runs have none
	used     dialects                 // with the overrides; nil without any
}

// dialects are the templates of each.
type dialects map[Dialect]*text.Template

// Load reads the words. Everything that is wrong with the overrides is reported
// at once, each mistake with its file and line.
func Load(o Options) (*Set, error) {
	s := &Set{zone: o.Zone, warn: o.Warn}
	lang := o.Lang
	switch lang {
	case "", "en":
		lang = "en"
		s.defaultZone(time.UTC)
	case "zh":
		s.defaultZone(time.FixedZone("UTC+8", 8*60*60))
	default:
		return nil, fmt.Errorf("unknown language %q; known: en, zh", o.Lang)
	}
	s.embedded = sync.OnceValues(func() (dialects, error) {
		words, err := readEmbedded(lang)
		if err != nil {
			return nil, err
		}
		return assemble(lang, words, nil)
	})
	if o.Dir == "" {
		return s, nil
	}
	defaults, err := readEmbedded("") // an override of the other language is looked at, too
	if err != nil {
		return nil, err
	}
	overrides, mistakes := readDir(o.Dir, defaults)
	if s.used, err = assemble(lang, defaults, overrides); err == nil {
		err = s.try()
	}
	if err = unique(mistakes, err); err != nil {
		return nil, err
	}
	return s, nil
}

// unique joins errors line by line, each line once: a mistake shows in more than
// one dialect.
func unique(errs ...error) error {
	var lines []error
	told := map[string]bool{}
	for _, err := range errs {
		if err == nil {
			continue
		}
		for line := range strings.SplitSeq(err.Error(), "\n") {
			if !told[line] {
				told[line] = true
				lines = append(lines, errors.New(line))
			}
		}
	}
	return errors.Join(lines...)
}

func (s *Set) defaultZone(zone *time.Location) {
	if s.zone == nil {
		s.zone = zone
	}
}

// Card words m in dialect d. When an override fails on it, the embedded words are
// used and Options.Warn is told; an error is left for unknown dialects only.
func (s *Set) Card(d Dialect, m Message) (Card, error) {
	if !slices.Contains(Dialects(), d) {
		return Card{}, fmt.Errorf("unknown dialect %q", d)
	}
	if s.used != nil {
		c, err := s.render(s.used[d], d, m)
		if err == nil {
			return c, nil
		}
		if s.warn != nil {
			s.warn(fmt.Errorf("the embedded words were used: %w", err))
		}
	}
	embedded, err := s.embedded()
	if err != nil {
		return Card{}, err
	}
	return s.render(embedded[d], d, m)
}

func (s *Set) render(set *text.Template, d Dialect, m Message) (Card, error) {
	r := renderer{set: set}
	c := r.card(d, m, d.markup(s.zone), d.sentence(s.zone))
	return c, errors.Join(r.mistakes...)
}

// try renders every sample in every dialect, as strictly as no message will be.
func (s *Set) try() error {
	var mistakes []error
	for _, d := range Dialects() {
		r := renderer{set: s.used[d], strict: true}
		for _, sample := range Samples() {
			r.card(d, sample.Message, d.markup(s.zone), d.sentence(s.zone))
		}
		mistakes = append(mistakes, r.mistakes...)
	}
	return unique(mistakes...)
}
