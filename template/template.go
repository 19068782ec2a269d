package template

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	text "github.com/DataDog/datadog-agent/pkg/template/text"
)

// Options are the operator's choices. The zero value is English, about VOD, with the
// embedded words.
type Options struct {
	Lang    string         // "en" (or "") or "zh"
	Dir     string         // files here override the embedded ones of the same name; "" for none
	Zone    *time.Location // of written times; nil for UTC in English, UTC+8 in Chinese
	Label   string         // names this deployment in every message; "" for none
	Product string         // "vod" (or ""), "cdn" or "dcdn"
	Console string         // the URL behind titles and buttons, at most 500 bytes; "" for the product's console
	Sample  bool           // marks every message as a sample
	Warn    func(error)    // called when an override fails on a message; nil to ignore it
}

// Set is the words of one language, ready to use by several goroutines.
type Set struct {
	zone     *time.Location
	label    string
	product  product
	console  string
	sample   bool
	warn     func(error)
	embedded func() (dialects, error) // parsed when the first message comes: most runs have none
	used     dialects                 // with the overrides; nil without any
}

// dialects are the templates of each.
type dialects map[Dialect]*text.Template

// Load reads the words. All mistakes in the overrides are reported together, each
// with its file and line; they are found by rendering every sample.
func Load(o Options) (*Set, error) {
	s := &Set{zone: o.Zone, label: o.Label, sample: o.Sample, warn: o.Warn}
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
	var known bool
	if s.product, known = products[strings.ToLower(orDefault("vod", o.Product))]; !known {
		return nil, fmt.Errorf("unknown product %q; known: %s", o.Product, strings.Join(slices.Sorted(maps.Keys(products)), ", "))
	}
	var err error
	if s.console, err = consoleURL(o.Console, s.product); err != nil {
		return nil, err
	}
	s.embedded = sync.OnceValues(func() (dialects, error) {
		words, err := readEmbedded(lang)
		if err != nil {
			return nil, err
		}
		return assemble(lang, words, nil)
	})
	if o.Dir != "" {
		err = s.override(lang, o.Dir)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// override reads the files in dir and tries them.
func (s *Set) override(lang, dir string) error {
	defaults, err := readEmbedded("") // a file of the other language must parse, too
	if err != nil {
		return err
	}
	overrides, mistakes := readDir(dir, defaults)
	if s.used, err = assemble(lang, defaults, overrides); err != nil {
		return errors.Join(append(mistakes, err)...)
	}
	return errors.Join(unique(append(mistakes, s.tryFor(longestTry)...))...)
}

// longestTry is far more than all samples take; an override that loops for ever, such as
// {{range 1000000000}}, must not hang the program at its start.
const longestTry = 20 * time.Second

// tryFor is try, unless it takes longer: what goes on then cannot be ended, and its
// result is not used.
func (s *Set) tryFor(limit time.Duration) []error {
	done := make(chan []error, 1)
	go func() { done <- s.try() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case mistakes := <-done:
		return mistakes
	case <-timer.C:
		return []error{fmt.Errorf("rendering the samples with the overrides takes longer than %s: one of them loops for ever", limit)}
	}
}

// unique drops repeated mistakes: most show in more than one dialect.
func unique(errs []error) []error {
	seen := map[string]bool{}
	return slices.DeleteFunc(errs, func(err error) bool {
		again := seen[err.Error()]
		seen[err.Error()] = true
		return again
	})
}

func (s *Set) defaultZone(zone *time.Location) {
	if s.zone == nil {
		s.zone = zone
	}
}

// Card renders m in dialect d. When an override fails on it, the embedded words are
// used and Options.Warn is called; an error is left for unknown dialects only.
func (s *Set) Card(d Dialect, m Message) (Card, error) {
	if !slices.Contains(Dialects(), d) {
		return Card{}, fmt.Errorf("unknown dialect %q", d)
	}
	if s.used != nil {
		r := renderer{set: s.used[d], limited: true}
		c := s.card(&r, d, m)
		if len(r.mistakes) == 0 {
			return c, nil
		}
		if s.warn != nil {
			s.warn(fmt.Errorf("the embedded words were used: %w", errors.Join(r.mistakes...)))
		}
	}
	embedded, err := s.embedded()
	if err != nil {
		return Card{}, err
	}
	r := renderer{set: embedded[d]}
	c := s.card(&r, d, m)
	return c, errors.Join(r.mistakes...)
}

// try renders every sample in every dialect.
func (s *Set) try() []error {
	var mistakes []error
	for _, d := range Dialects() {
		r := renderer{set: s.used[d], limited: true}
		for _, sample := range append(Samples(), Hostile()...) {
			s.card(&r, d, sample.Message)
		}
		mistakes = append(mistakes, r.mistakes...)
	}
	return mistakes
}
