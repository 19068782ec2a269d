package template

import (
	"sort"
	"strings"
	"unicode/utf8"
)

const ellipsis = "…"

// head encodes as much of the start of s as fits into limit bytes.
func head(s string, limit int, encode func(string) string) string {
	return fit(clip(s, limit, 0), limit, encode, func(runes []rune, keep int) string {
		return strings.TrimSpace(string(runes[:keep])) + ellipsis
	})
}

// middle encodes a path so that it fits into limit bytes: its host and the end of
// its name stay, which is what people know it by. A query goes first.
func middle(path string, limit int, encode func(string) string) string {
	short := clip(path, limit, limit)
	if bare, _, found := strings.Cut(path, "?"); found && bare != "" && len(encode(short)) > limit {
		short = clip(bare+"?"+ellipsis, limit, limit)
	}
	host := hostRunes(short)
	return fit(short, limit, encode, func(runes []rune, keep int) string {
		front := min(host, keep*2/3)
		return string(runes[:front]) + ellipsis + string(runes[len(runes)-(keep-front):])
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

// fit encodes s if that fits into limit bytes, else its longest abridgement that
// does. An encoder never makes text shorter.
func fit(s string, limit int, encode func(string) string, abridge func(runes []rune, keep int) string) string {
	if whole := encode(s); len(whole) <= limit {
		return whole
	}
	runes := []rune(s)
	tooMany := sort.Search(len(runes), func(keep int) bool {
		return len(encode(abridge(runes, keep))) > limit
	})
	if tooMany == 0 {
		return ""
	}
	return encode(abridge(runes, tooMany-1))
}

// clip bounds the work on endless fields: what is longer than front and back
// bytes together loses its middle, but stays longer than either.
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
