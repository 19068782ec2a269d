package poller

import "strings"

// Glob reports whether value fits pattern, in which * stands for any run of
// characters, dots and slashes included, and ? for one. It takes linear time:
// after a mismatch only the last * can give way.
func Glob(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p, v = p+1, v+1
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// MatchDomain reports whether domain, which is lower case, fits the pattern.
func MatchDomain(pattern, domain string) bool { return Glob(strings.ToLower(pattern), domain) }
