package poller

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckDomain returns a *Mistake when the pattern can match no domain that Task.Domain
// returns: it holds a scheme, a port, a path, a leading dot, quotes, spaces… Its text
// repeats at most a host; whatever else was pasted may be a secret.
func CheckDomain(pattern string) error {
	problem := domainProblem(pattern)
	if problem == "" {
		return nil
	}
	next := "Write a domain such as vod.example.com, or a pattern such as *.example.com"
	if better := likelyDomain(pattern); better != "" {
		next = fmt.Sprintf("Did you mean %q?", better)
	}
	return &Mistake{Problem: problem + " and can match no domain", Next: next}
}

func domainProblem(pattern string) string {
	switch p := strings.ToLower(pattern); {
	case p == "":
		return "is empty"
	case oddCharacter(p) != "":
		return oddCharacter(p)
	case p[0] == '!':
		return "begins with !, which excludes nothing here"
	case strings.ContainsAny(p, ",;，；、|"):
		return "holds several domains in one value"
	case strings.Contains(p, "://"), strings.HasPrefix(p, "//"), strings.HasPrefix(p, "http:"), strings.HasPrefix(p, "https:"):
		return "begins with a scheme"
	case strings.Contains(p, "@"):
		return "holds user information"
	case strings.ContainsAny(p, `/\`):
		return "holds a path"
	case isIPv6(p):
		return ipv6Problem(p)
	case strings.Contains(p, ":"):
		return "holds a port"
	case p[0] == '.':
		return "begins with a dot"
	}
	return nameProblem(strings.ToLower(pattern))
}

func ipv6Problem(p string) string {
	if p[0] == '[' {
		return "holds brackets or a port"
	}
	return ""
}

// nameProblem is domainProblem for what has the outline of a name.
func nameProblem(pattern string) string {
	name := strings.TrimSuffix(pattern, ".")
	const maxName, maxLabel = 253, 63 // bytes (RFC 1035, section 2.3.4)
	if len(name) > maxName {
		return fmt.Sprintf("is longer than the %d characters of a name", maxName)
	}
	for _, r := range name {
		switch {
		case unicode.IsLetter(r) && !isWide(r), unicode.IsMark(r), unicode.IsDigit(r) && !isWide(r), strings.ContainsRune(".-_*?", r):
		case isWide(r), r == '。', r == '｡':
			return "holds the wide character " + string(r)
		default:
			return "holds the character " + string(r)
		}
	}
	if !strings.ContainsAny(name, ".*?") {
		return "has no dot"
	}
	if last := name[strings.LastIndexByte(name, '.')+1:]; strings.HasSuffix(pattern, ".") && strings.Trim(last, "*?") == "" {
		return "ends with a dot"
	}
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "holds two dots in a row"
		case strings.ContainsAny(label, "*?"):
		case label[0] == '-', label[len(label)-1] == '-':
			return "holds a part that begins or ends with a hyphen"
		case isASCII(label) && len(label) > maxLabel:
			return fmt.Sprintf("holds a part of more than %d characters", maxLabel)
		}
	}
	return ""
}

// likelyDomain is the pattern that was probably meant; "" when that is not clear.
func likelyDomain(pattern string) string {
	text := strings.Trim(pattern, " \t\r\n\"'`“”‘’«»<>()[]!=,;")
	if strings.ContainsAny(text, " \t\r\n,;，；、|") {
		return ""
	}
	host := Task{Key: Key{ObjectPath: text}}.Domain()
	if strings.HasPrefix(host, ".") {
		host = "*" + host
	}
	const longest = 80 // more than people choose; likelier a secret
	if host == strings.ToLower(pattern) || strings.Trim(host, ".*?") == "" || len(host) > longest || !strings.Contains(host, ".") || domainProblem(host) != "" {
		return ""
	}
	return host
}

// CheckPath returns a *Mistake when the pattern can match no path that Task.Path
// returns: such a path begins with "/" and holds neither host nor query.
func CheckPath(pattern string) error {
	if problem, next := pathProblem(pattern); problem != "" {
		return &Mistake{Problem: problem + " and can match no path", Next: next}
	}
	return nil
}

func pathProblem(pattern string) (problem, next string) {
	const example = "Write a pattern such as /vip/* or *.m3u8"
	trimmed := strings.TrimSpace(pattern)
	const maxPattern = 1024 // characters; a path of the API is shorter, and matching takes pattern × path
	switch {
	case pattern == "":
		return "is empty", example
	case len(pattern) > maxPattern:
		return fmt.Sprintf("is longer than %d characters", maxPattern), example
	case trimmed != pattern:
		return "begins or ends with a space", "Remove the space"
	case hasControl(pattern):
		return "holds an invisible character", "Write it again by hand"
	case strings.Contains(pattern, "://"):
		return "holds a scheme and a host", "Match the host with domain, and the rest with path"
	case strings.Contains(pattern, `\`):
		return "holds a backslash", "Patterns are no regular expressions: * stands for any characters, ? for one. " + example
	case pattern[0] == '^':
		return "begins with ^", "Patterns are no regular expressions: * stands for any characters, ? for one. " + example
	case strings.ContainsRune("\"'`", rune(pattern[0])):
		return "begins with a quote", "Remove the quotes inside the quotes"
	case queryAt(pattern):
		return "holds a query", "The query is no part of the path: end the pattern before it"
	case !strings.ContainsRune("/*?", rune(pattern[0])):
		return "does not begin with /", "Put / or * before it: a path begins with /"
	}
	return "", ""
}

// queryAt reports whether ? begins a query, as in "?auth_key=": otherwise it stands
// for one character.
func queryAt(pattern string) bool {
	_, query, found := strings.Cut(pattern, "?")
	name, _, isQuery := strings.Cut(query, "=")
	return found && isQuery && name != "" && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// oddCharacter names what a copy, a shell or an editor leaves in a value; "" when
// there is nothing of the kind.
func oddCharacter(s string) string {
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			return "holds a space"
		case strings.ContainsRune("\"'`“”‘’„«»＂＇", r):
			return "holds quotes"
		case strings.ContainsRune("<>", r):
			return "holds angle brackets"
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return "holds an invisible character"
		}
	}
	return ""
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError
	})
}

// isWide reports whether r is the full-width form of an ASCII character.
func isWide(r rune) bool { return '！' <= r && r <= '～' }

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}
