package template

import (
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"refreshwatch/poller"
)

const ellipsis = "…"

// writer puts foreign text into one dialect. Each method cleans it, cuts it and
// escapes it; the result has at most limit bytes. Nothing else writes task data.
type writer struct {
	markup
	zone *time.Location
}

// text is running text, cut at its end.
func (w writer) text(s string, limit int) string {
	return truncateEnd(clean(s), limit, w.escape)
}

// code is an id, set off from the text where the dialect can, cut at its end.
func (w writer) code(s string, limit int) string {
	return truncateEnd(clean(s), limit, w.literal)
}

// path is an object's whole path, set off from the text, cut in its middle.
func (w writer) path(s string, limit int) string {
	return truncatePath(clean(poller.MaskUser(s)), limit, w.literal)
}

// name is what tells an object from its neighbours within a title.
func (w writer) name(path string, limit int) string {
	return truncateMiddle(shortName(clean(poller.MaskUser(path))), limit, w.escape, 0)
}

// time is t on the clock of the reader or of the operator; "" for none.
func (w writer) time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(w.zone)
	return w.date(t, true, t.Format(day+clock)+zoneOf(t))
}

// times are two times beside each other; what they share is written once.
func (w writer) times(from, to time.Time) (first, second string) {
	from, to = from.In(w.zone), to.In(w.zone)
	if from.IsZero() || to.IsZero() || from.Format(day) != to.Format(day) || zoneOf(from) != zoneOf(to) {
		return w.time(from), w.time(to)
	}
	return w.date(from, true, from.Format(day+clock)), w.date(to, false, to.Format(clock)+zoneOf(to))
}

const (
	day   = "2006-01-02 "
	clock = "15:04"
)

// zoneOf is a time's distance from UTC: abbreviations such as CST mean several.
func zoneOf(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return " UTC"
	}
	return " UTC" + strings.TrimSuffix(t.Format("-07:00"), ":00")
}

// nameColumns is how wide an object's name may be in a title.
const nameColumns = 48

// shortName is host and path where they are short, else the last parts of the path
// that are: all HLS playlists are called master.m3u8, and half of all directories 11/.
func shortName(path string) string {
	path, _, _ = strings.Cut(path, "?")
	if i := strings.Index(path, "://"); i >= 0 {
		path = path[i+len("://"):]
	}
	if columns(path) <= nameColumns {
		return path
	}
	end := len(strings.TrimRight(path, "/"))
	name := ""
	for range 3 {
		slash := strings.LastIndexByte(path[:end], '/')
		if slash < 0 {
			break
		}
		longer := ellipsis + path[slash:]
		if name != "" && columns(longer) > nameColumns {
			break
		}
		name, end = longer, slash
	}
	if name == "" {
		name = path
	}
	return narrow(name, nameColumns)
}

// narrow keeps both ends of a name that is too wide.
func narrow(name string, limit int) string {
	runes := []rune(clip(name, 8*limit, 8*limit))
	for front, back := len(runes)/2, len(runes)/2; front > 0; front, back = front-1, back-1 {
		if columns(name) <= limit {
			break
		}
		name = string(runes[:front]) + ellipsis + string(runes[len(runes)-back:])
	}
	return name
}

// columns is the width of text in most fonts: a Chinese character takes two.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 && r != '…' {
			n++
		}
	}
	return n
}

// truncateEnd escapes as much of the start of s as fits into limit bytes.
func truncateEnd(s string, limit int, escape func(string) string) string {
	return fit(clip(s, limit, 0), limit, escape, func(runes []rune, keep int) string {
		return strings.TrimSpace(string(runes[:keep])) + ellipsis
	})
}

// truncatePath escapes a path so that it fits into limit bytes: its host and the end
// of its name stay. A query goes first.
func truncatePath(path string, limit int, escape func(string) string) string {
	short := clip(path, limit, limit)
	if bare, _, found := strings.Cut(path, "?"); found && bare != "" && len(escape(short)) > limit {
		short = clip(bare+"?"+ellipsis, limit, limit)
	}
	return truncateMiddle(short, limit, escape, hostRunes(short))
}

// truncateMiddle escapes s so that it fits into limit bytes; up to front characters
// of its start stay, and the end. Without a front, both halves count alike.
func truncateMiddle(s string, limit int, escape func(string) string, front int) string {
	return fit(clip(s, limit, limit), limit, escape, func(runes []rune, keep int) string {
		head := keep / 2
		if front > 0 {
			head = min(front, keep*2/3)
		}
		return string(runes[:head]) + ellipsis + string(runes[len(runes)-(keep-head):])
	})
}

// hostRunes is how long "https://host/" is in front of path.
func hostRunes(path string) int {
	start := 0
	if i := strings.Index(path, "://"); i >= 0 {
		start = i + len("://")
	}
	slash := strings.IndexByte(path[start:], '/')
	if slash < 0 {
		return utf8.RuneCountInString(path) / 3
	}
	return utf8.RuneCountInString(path[:start+slash+1])
}

// fit escapes s if that fits into limit bytes, else its longest abridgement that
// does. Escaping never makes text shorter.
func fit(s string, limit int, escape func(string) string, abridge func(runes []rune, keep int) string) string {
	if whole := escape(s); len(whole) <= limit {
		return whole
	}
	runes := []rune(s)
	tooMany := sort.Search(len(runes), func(keep int) bool {
		return len(escape(abridge(runes, keep))) > limit
	})
	if tooMany == 0 {
		return ""
	}
	return escape(abridge(runes, tooMany-1))
}

// clip bounds the work on endless fields: what is longer than front and back bytes
// together loses its middle, but stays longer than either.
func clip(s string, front, back int) string {
	if len(s) <= front+back+utf8.UTFMax {
		return s
	}
	return prefix(s, front+utf8.UTFMax) + strings.ToValidUTF8(s[len(s)-back:], "")
}

// prefix is the start of s, at most limit bytes, no rune cut in two.
func prefix(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
