package poller

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Domain is the host of the object, lower case, without user information, port and
// trailing dot; "" when the path names none. The API has no field for it, and lists
// objects as they were submitted, which is not always a URL that net/url accepts:
// the vendor's own samples have no scheme (VOD, RefreshVodObjectCaches, read 2026-11).
func (t Task) Domain() string {
	object := plainObject(t.ObjectPath)
	start, end := authority(object)
	host := object[start:end]
	host = host[strings.LastIndexByte(host, '@')+1:]
	return hostName(withoutPort(host))
}

// Path is the path of the object on its host, without query and fragment. It begins
// with "/". Percent escapes stay as they are; Glob knows them.
func (t Task) Path() string {
	object := plainObject(t.ObjectPath)
	_, end := authority(object)
	path := object[end:]
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	if strings.Contains(path, `\`) {
		path = forwardSlashes(path)
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}

// MaskUser replaces the user information in an object path: "https://***@host/path".
// Whoever reads along must not learn a password.
func MaskUser(object string) string {
	plain := plainObject(object)
	start, end := authority(plain)
	at := strings.LastIndexByte(plain[start:end], '@')
	if at < 0 {
		return object
	}
	return plain[:start] + "***" + plain[start+at:]
}

// plainObject decodes an object path that was percent-encoded as a whole, and cuts
// what surrounds it without belonging to it.
func plainObject(object string) string {
	object = strings.TrimFunc(object, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	for _, scheme := range []string{"https%3a%2f%2f", "http%3a%2f%2f"} {
		if len(object) > len(scheme) && strings.EqualFold(object[:len(scheme)], scheme) {
			return unescape(object)
		}
	}
	return object
}

// authority is the span between the scheme, if there is one, and the path: user
// information, host and port. It is empty for a path alone.
func authority(object string) (start, end int) {
	start = afterScheme(object)
	end = endOfAuthority(object, start)
	// A password with a raw slash or question mark ends the authority too early. What
	// stands behind the colon is then no port, and an @ follows.
	if _, port, ok := strings.Cut(object[start:end], ":"); ok && !strings.Contains(port, "@") && !isPort(port) && !isIPv6(object[start:end]) {
		if at := strings.IndexByte(object[end:], '@'); at >= 0 {
			end = endOfAuthority(object, end+at+1)
		}
	}
	return start, end
}

// afterScheme is where the authority begins. As in a browser, a backslash counts as
// a slash, and after http: and https: any number of slashes will do.
func afterScheme(object string) int {
	i := 0
	for i < len(object) && isSchemeByte(object[i], i == 0) {
		i++
	}
	scheme, slashes := object[:i], 0
	if i > 0 && i < len(object) && object[i] == ':' {
		i++
	} else {
		scheme, i = "", 0
	}
	for i+slashes < len(object) && isSlash(object, i+slashes) {
		slashes++
	}
	switch {
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"):
		return i + slashes
	case slashes >= 2:
		return i + 2
	}
	return 0
}

func isSchemeByte(b byte, first bool) bool {
	letter := 'a' <= b|0x20 && b|0x20 <= 'z'
	return letter || !first && ('0' <= b && b <= '9' || b == '+' || b == '-' || b == '.')
}

func endOfAuthority(object string, start int) int {
	for i := start; i < len(object); i++ {
		if object[i] == '?' || object[i] == '#' || isSlash(object, i) {
			return i
		}
	}
	return len(object)
}

// isSlash reports whether a slash stands at i, or a backslash in its place. The
// backslash of `\.` does not: objects of the type regex escape their dots.
func isSlash(s string, i int) bool {
	return s[i] == '/' || s[i] == '\\' && (i+1 == len(s) || s[i+1] != '.')
}

func forwardSlashes(path string) string {
	b := []byte(path)
	for i := range b {
		if isSlash(path, i) {
			b[i] = '/'
		}
	}
	return string(b)
}

// withoutPort also takes the brackets off an IPv6 address.
func withoutPort(host string) string {
	if strings.HasPrefix(host, "[") {
		inside, _, _ := strings.Cut(host[1:], "]")
		return inside
	}
	if isIPv6(host) {
		return host
	}
	host, _, _ = strings.Cut(host, ":")
	return host
}

func isPort(s string) bool { return strings.Trim(s, "0123456789") == "" }

// isIPv6 reports whether s is an IPv6 address, with or without brackets and port, as
// far as telling it from a name with a port needs.
func isIPv6(s string) bool {
	return strings.HasPrefix(s, "[") ||
		strings.Count(s, ":") >= 2 && strings.Trim(s, "0123456789abcdefABCDEF:.") == ""
}

// hostName brings a host into the spelling that is shown and compared: lower case,
// unescaped, the wide forms of Latin letters and dots narrowed, no dot at the end.
func hostName(host string) string {
	if strings.Contains(host, "%") {
		if plain := unescape(host); !strings.ContainsAny(plain, `/\?#@: `) {
			host = plain
		}
	}
	host = strings.Map(func(r rune) rune {
		switch {
		case r == '。' || r == '｡': // with U+FF0E below, the dots of IDNA (RFC 3490)
			return '.'
		case '！' <= r && r <= '～': // the wide forms of ASCII
			return r - '！' + '!'
		case r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError:
			return -1
		}
		return unicode.ToLower(r)
	}, host)
	return strings.TrimRight(host, ".")
}

// unescape decodes the percent escapes that are valid and leaves the others as they
// are: "5%off" is a name that people give to files.
func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for s != "" {
		octet, size, _ := octetOf(s)
		b, s = append(b, octet), s[size:]
	}
	return string(b)
}
