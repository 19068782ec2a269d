package setup

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// reader reads variables and collects what is wrong with them. Every value passes
// checkShape, whatever it is for.
type reader struct {
	getenv      func(string) string
	environment func(string) string // the same, for variables that are not ours
	mistakes    []error
	objectTypes []string // that the watched product may list
	asked       []string // the variables that were asked for
}

// newReader remembers what is asked for, so that check can name what never is.
func newReader(getenv func(string) string) *reader {
	r := &reader{environment: getenv}
	r.getenv = func(name string) string {
		if !slices.Contains(r.asked, name) {
			r.asked = append(r.asked, name)
		}
		return getenv(name)
	}
	return r
}

// wrong reports a mistake, once.
func (r *reader) wrong(setting, problem, next string) {
	m := &poller.Mistake{Setting: setting, Problem: problem, Next: next}
	known := func(err error) bool { return *err.(*poller.Mistake) == *m }
	if !slices.ContainsFunc(r.mistakes, known) {
		r.mistakes = append(r.mistakes, m)
	}
}

// wrongAll reports what somebody else found about a setting.
func (r *reader) wrongAll(setting string, err error) {
	for _, m := range poller.Mistakes(err) {
		r.wrong(setting, m.Problem, m.Next)
	}
}

func (r *reader) err() error { return errors.Join(r.mistakes...) }

// isSet reports whether a variable has a value. An empty one counts as unset.
func (r *reader) isSet(variable string) bool { return strings.TrimSpace(r.getenv(variable)) != "" }

// text is a variable's value, "" when it is not set or odd.
func (r *reader) text(variable string, s shape) string {
	value := strings.TrimSpace(r.getenv(variable))
	if m := checkShape(value, s); m != nil {
		r.wrong(variable, m.Problem, cmp.Or(meantByName(variable, value), m.Next))
		return ""
	}
	return value
}

// chineseNames are Chinese names, as consoles show them, and what the variable takes instead.
var chineseNames = []struct{ variable, name, value string }{
	{"TIME_ZONE", "北京", "+08:00"}, {"TIME_ZONE", "上海", "+08:00"}, {"TIME_ZONE", "中国", "+08:00"}, {"TIME_ZONE", "东八区", "+08:00"},
	{"VOD_REGION", "上海", "cn-shanghai"}, {"VOD_REGION", "北京", "cn-beijing"}, {"VOD_REGION", "杭州", "cn-hangzhou"}, {"VOD_REGION", "深圳", "cn-shenzhen"},
	{"PRODUCT", "点播", "vod"}, {"PRODUCT", "全站", "dcdn"}, {"PRODUCT", "内容分发", "cdn"},
}

// meantByName is the next step after a Chinese name; "" when none is known.
func meantByName(variable, value string) string {
	for _, c := range chineseNames {
		if c.variable == variable && strings.Contains(value, c.name) {
			return "Write " + c.value
		}
	}
	return ""
}

// oneOf is one of a few words, in any case. The first is the default.
func (r *reader) oneOf(variable string, values ...string) string {
	text := r.text(variable, word)
	if text == "" {
		return values[0]
	}
	for _, v := range values {
		if strings.EqualFold(v, text) {
			return v
		}
	}
	r.wrong(variable, "unknown value "+shown(text), watch.Suggest(text, values))
	return values[0]
}

// list is a comma list. Of its items none may be empty, so that a list of nothing
// does not count as no list, which means everything.
func (r *reader) list(variable string) []string {
	text := r.text(variable, line)
	if text == "" {
		return nil
	}
	if strings.ContainsAny(text, "，、") {
		r.wrong(variable, "holds a full-width comma (，)", "Write , between values")
		return nil
	}
	items := strings.Split(text, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
		if items[i] == "" {
			r.wrong(variable, fmt.Sprintf("value %d of the list is empty", i+1), "Separate values by single commas, without one at the end")
			break
		}
	}
	return items
}

// patterns is a comma list of patterns, each of which can match something.
func (r *reader) patterns(variable string, check func(string) error) []string {
	list := r.list(variable)
	for i, item := range list {
		for _, m := range poller.Mistakes(check(item)) {
			if item != "" {
				r.wrong(variable, numbered(i, list)+m.Problem, m.Next)
			}
		}
	}
	return list
}

// allow is what an invocation may request; nil for everything.
func (r *reader) allow(variable string) watch.Allow {
	list := r.among(variable, append([]string{"all"}, watch.Permissions...))
	if !slices.Contains(list, "all") {
		return list
	}
	if len(list) > 1 {
		r.wrong(variable, "all stands beside other words", "Write all alone, or leave it out")
	}
	return nil
}

// among is a comma list of known words, in any case.
func (r *reader) among(variable string, known []string) []string {
	list := r.list(variable)
	for i, item := range list {
		at := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, item) })
		switch {
		case at >= 0:
			list[i] = known[at]
		case item != "":
			r.wrong(variable, "unknown value "+shown(item), watch.Suggest(item, known))
		}
	}
	return list
}

// numbered names the item of a list; a list of one needs no number.
func numbered(i int, list []string) string {
	if len(list) == 1 {
		return ""
	}
	return fmt.Sprintf("value %d ", i+1)
}

// rate is a number of requests a second; its range is the client's to judge.
func (r *reader) rate(variable string, fallback float64) float64 {
	text := r.text(variable, word)
	if text == "" {
		return fallback
	}
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil {
		r.wrong(variable, shown(text)+" is not a number", "Write requests a second, such as 4 or 0.5")
		return fallback
	}
	return rate
}

// duration is a length of time below limit. The words of off mean none.
func (r *reader) duration(variable string, fallback, limit time.Duration, off ...string) time.Duration {
	text := r.text(variable, line)
	if text == "" {
		return fallback
	}
	if slices.Contains(off, strings.ToLower(text)) {
		return 0
	}
	const like = "Write it like 45m or 2h"
	d, err := watch.ParseDuration(text)
	_, notNumber := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && notNumber == nil:
		r.wrong(variable, shown(text)+" has no unit", "Write minutes as 45m, hours as 2h")
	case err != nil:
		r.wrong(variable, shown(text)+" is not a duration", like)
	case d < 0, d == 0:
		r.wrong(variable, shown(text)+" is not a positive duration", like)
	case d >= limit:
		r.wrong(variable, shown(text)+" is too long", "It must be less than "+hours(limit))
	default:
		return d
	}
	return fallback
}

func hours(d time.Duration) string { return strconv.Itoa(int(d.Hours())) + "h" }

// endpoint is the address of an API: a URL of which the client takes the host.
func (r *reader) endpoint(variable string) string {
	before := len(r.mistakes)
	text := r.url(variable)
	if len(r.mistakes) > before {
		return ""
	}
	return text
}

// url is a URL by the rule for sinks. It is never repeated.
func (r *reader) url(variable string) string {
	text := r.text(variable, word)
	if text == "" {
		return ""
	}
	if _, err := sink.ParseURL(text); err != nil {
		r.wrongAll(variable, err)
	}
	return text
}
