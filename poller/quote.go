package poller

import (
	"strconv"
	"strings"
)

// Quote is a word that the operator typed, as an error repeats it: in quotes, cut to
// 64 characters, and not at all when it may be a secret in the wrong place. Errors
// are logged and, on Function Compute, answered.
func Quote(word string) string {
	const longest = 64 // characters
	if mayBeSecret(word) {
		return "(not shown: it may hold a secret)"
	}
	if runes := []rune(word); len(runes) > longest {
		word = string(runes[:longest]) + "…"
	}
	return strconv.Quote(word)
}

// mayBeSecret knows how the secrets of this program's settings begin, what URLs with
// a login look like, and what only a generator writes.
func mayBeSecret(word string) bool {
	for _, prefix := range []string{"xox", "xapp-", "whsec_", "LTAI", "STS.", "eyJ"} {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return strings.Contains(word, "://") || strings.ContainsAny(word, "@=$") || longestMix(word) >= 16
}

// longestMix is the length of the longest run of letters and digits that holds both.
func longestMix(word string) int {
	longest, length, letters, digits := 0, 0, false, false
	for _, r := range word + " " {
		letter, digit := 'a' <= r|0x20 && r|0x20 <= 'z', '0' <= r && r <= '9'
		if !letter && !digit {
			length, letters, digits = 0, false, false
			continue
		}
		length, letters, digits = length+1, letters || letter, digits || digit
		if letters && digits {
			longest = max(longest, length)
		}
	}
	return longest
}
