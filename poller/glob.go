package poller

import (
	"strings"
	"unicode/utf8"
)

// Glob reports whether value fits pattern, in which * stands for any run of
// characters, dots and slashes included, and ? for one. Both are compared character
// by character, and a percent escape is the character that it stands for: "/视频/*"
// and "/%E8%A7%86%E9%A2%91/*" are one pattern, and "%2A" is a star that stands for
// itself. After a mismatch only the last * can give way, so that it takes at most
// len(pattern) × len(value) steps.
func Glob(pattern, value string) bool {
	p, v := pattern, value
	afterStar, resume, starred := "", "", false
	for v != "" {
		want, wantSize, escaped := charOf(p)
		got, gotSize, _ := charOf(v)
		switch {
		case want == '*' && !escaped:
			p = p[wantSize:]
			afterStar, resume, starred = p, v, true
		case p != "" && (want == '?' && !escaped || want == got):
			p, v = p[wantSize:], v[gotSize:]
		case starred:
			_, size, _ := charOf(resume)
			resume = resume[size:]
			p, v = afterStar, resume
		default:
			return false
		}
	}
	return strings.Trim(p, "*") == ""
}

// MatchDomain reports whether a task's domain fits the pattern. Letters are compared
// without case, and an internationalised name in either of its spellings.
func MatchDomain(pattern, domain string) bool {
	pattern = strings.TrimSuffix(strings.ToLower(pattern), ".")
	if Glob(pattern, domain) {
		return true
	}
	foreign := hasPunycode(pattern) || hasPunycode(domain)
	return foreign && Glob(unicodeHost(pattern), unicodeHost(domain))
}

// SameObjectType reports whether two names mean the same type. The API documents
// lower case and also lists "File".
func SameObjectType(a, b string) bool { return strings.EqualFold(a, b) }

// charOf is the first character of s, its size in bytes, and whether it was escaped.
// A byte that begins no UTF-8 character, as in an old path in GBK, is a character of
// its own, a negative one.
func charOf(s string) (r rune, size int, escaped bool) {
	if s == "" {
		return utf8.RuneError, 0, false
	}
	first, size, escaped := octetOf(s)
	if first < utf8.RuneSelf {
		return rune(first), size, escaped
	}
	encoded, n, end := [utf8.UTFMax]byte{first}, 1, size
	for n < len(encoded) && !utf8.FullRune(encoded[:n]) && end < len(s) {
		octet, more, _ := octetOf(s[end:])
		encoded[n] = octet
		n, end = n+1, end+more
	}
	r, width := utf8.DecodeRune(encoded[:n])
	if r == utf8.RuneError && width <= 1 {
		return -rune(first), size, true
	}
	return r, end, escaped
}

// octetOf is the first byte of s, or the one that a percent escape stands for.
func octetOf(s string) (octet byte, size int, escaped bool) {
	if len(s) >= 3 && s[0] == '%' {
		high, ok1 := hexDigit(s[1])
		low, ok2 := hexDigit(s[2])
		if ok1 && ok2 {
			return high<<4 | low, 3, true
		}
	}
	return s[0], 1, false
}

func hexDigit(b byte) (byte, bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'a' <= b|0x20 && b|0x20 <= 'f':
		return b | 0x20 - 'a' + 10, true
	}
	return 0, false
}
