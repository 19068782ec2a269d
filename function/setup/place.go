package setup

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"refreshwatch/poller"
)

// Language, place and name of a deployment: MESSAGE_LANG, TIME_ZONE, LABEL and
// CONSOLE_URL.

// language takes a locale in any of its spellings: zh, ZH, zh-CN, zh_CN.UTF-8.
func (r *reader) language(variable string) string {
	text := r.text(variable, line)
	if text == "" {
		return "en"
	}
	language := strings.ToLower(text)
	if i := strings.IndexAny(language, "-_.@"); i > 0 {
		language = language[:i]
	}
	switch language {
	case "en", "zh":
		return language
	case "cn", "chinese", "chs", "cht", "中文", "汉语", "简体中文":
		r.wrong(variable, "unknown value "+shown(text), "Did you mean zh?")
	case "english", "us", "gb", "uk", "c", "posix":
		r.wrong(variable, "unknown value "+shown(text), "Did you mean en?")
	default:
		r.wrong(variable, "unknown value "+shown(text), "Known: en, zh")
	}
	return "en"
}

// timeZone takes an offset such as +08:00, or a name where the system knows it; nil
// when it is not set.
func (r *reader) timeZone(variable string) *time.Location {
	text := r.text(variable, word)
	switch {
	case text == "":
		return nil
	case strings.EqualFold(text, "UTC") || strings.EqualFold(text, "GMT") || text == "Z":
		return time.UTC
	}
	if offset, ok := parseOffset(text); ok {
		return time.FixedZone(formatOffset(offset), offset)
	}
	if zone, err := time.LoadLocation(text); err == nil && text != "Local" {
		return zone
	}
	next := "Write an offset from UTC: " + likelyOffset(text)
	if isZoneName(text) {
		r.wrong(variable, poller.Quote(text)+" is not a time zone that this system knows", next+"; an image from scratch knows no names unless /usr/share/zoneinfo is mounted")
		return time.UTC
	}
	r.wrong(variable, shown(text)+" is not a time zone that this system knows", next)
	return time.UTC
}

// isZoneName reports whether a text looks like Europe/Berlin: such a name is no secret.
func isZoneName(text string) bool {
	const longest = 40
	area, place, ok := strings.Cut(text, "/")
	areas := []string{"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific", "Etc", "US", "Canada", "Brazil", "Chile", "Mexico"}
	inside := func(c rune) bool { return isASCIILetter(c) || strings.ContainsRune("_-/", c) }
	return ok && len(text) <= longest && slices.Contains(areas, area) && strings.IndexFunc(place, func(c rune) bool { return !inside(c) }) < 0
}

// parseOffset reads +08:00 in seconds east of UTC.
func parseOffset(text string) (seconds int, ok bool) {
	if len(text) != len("+08:00") || text[3] != ':' || strings.IndexByte("+-", text[0]) < 0 {
		return 0, false
	}
	hours, err := strconv.ParseUint(text[1:3], 10, 8)
	minutes, err2 := strconv.ParseUint(text[4:], 10, 8)
	if err != nil || err2 != nil || hours > 14 || minutes > 59 {
		return 0, false
	}
	seconds = int(hours*3600 + minutes*60)
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}

func formatOffset(seconds int) string {
	sign := "+"
	if seconds < 0 {
		sign, seconds = "-", -seconds
	}
	return fmt.Sprintf("%s%02d:%02d", sign, seconds/3600, seconds/60%60)
}

// likelyOffset is the offset that was probably meant by UTC+8, +8, +0800 or 8.
func likelyOffset(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(strings.ToUpper(text), "UTC"), "GMT")
	digits := strings.NewReplacer("+", "", "-", "", ":", "").Replace(text)
	n, err := strconv.Atoi(digits)
	if err != nil {
		return "+08:00 for China"
	}
	sign := "+"
	if strings.HasPrefix(text, "-") {
		sign = "-"
	}
	if n > 14 {
		return fmt.Sprintf("%s%02d:%02d", sign, n/100%15, n%100%60)
	}
	return fmt.Sprintf("%s%02d:00", sign, n)
}

// label is a short name on one line.
func (r *reader) label(variable string) string {
	const longest = 60 // characters; it stands in every title
	text := r.text(variable, line)
	if n := utf8.RuneCountInString(text); n > longest {
		r.wrong(variable, fmt.Sprintf("has %d characters", n), fmt.Sprintf("Use at most %d: it stands in every message", longest))
	}
	return text
}

// link is a URL that people follow: http is accepted, too, for consoles of one's own.
func (r *reader) link(variable string) string {
	text := r.text(variable, word)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		r.wrong(variable, "not a URL", "Write it like https://host/path")
	case u.User != nil:
		r.wrong(variable, "holds a user name or password, which every reader would see", "Remove what stands before the @")
	}
	return text
}
