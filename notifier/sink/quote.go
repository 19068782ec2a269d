package sink

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"refreshwatch/poller"
)

// maxQuote is how much of a receiver's sentence is shown, in characters.
const maxQuote = 200

// Quote is a receiver's own sentence, made safe to show: printable characters only,
// not too long, and without anything that is or may be a secret. The receiver knows
// the URL and what was sent, and may repeat both.
func Quote(sentence string, secrets ...Secret) string {
	sentence = poller.Printable(sentence)
	for _, s := range secrets {
		for _, part := range secretParts(string(s)) {
			sentence = strings.ReplaceAll(sentence, part, masked)
		}
	}
	text := []rune(strings.Join(strings.Fields(maskWords(sentence)), " "))
	if len(text) > maxQuote {
		return string(text[:maxQuote]) + "…"
	}
	return string(text)
}

// pathWords are what the paths of receivers' URLs hold and everybody knows.
var pathWords = []string{"webhook", "webhooks", "cgi-bin", "open-apis", "services", "workflows", "triggers", "manual", "invoke"}

// secretParts are the secret itself and, of a URL, what follows the host.
func secretParts(secret string) []string {
	parts := []string{secret}
	if u, err := url.Parse(secret); err == nil && u.Host != "" {
		parts = append(parts, strings.Split(u.Path, "/")...)
		for _, values := range u.Query() {
			parts = append(parts, values...)
		}
	}
	long := parts[:0]
	for _, part := range parts {
		if len(part) >= 6 && !slices.Contains(pathWords, part) {
			long = append(long, part)
		}
	}
	return long
}

// maskWords masks every run of ASCII characters that looks like a token: long, or
// letters and digits mixed, or with the punctuation of URLs and base64. Addresses and
// plain words stay.
func maskWords(text string) string {
	var b strings.Builder
	flush := func(word string) {
		if looksSecret(word) {
			word = masked
		}
		b.WriteString(word)
	}
	start := -1
	for i, r := range text {
		inWord := r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-+/=.%&?:~", r))
		switch {
		case inWord && start < 0:
			start = i
		case !inWord:
			if start >= 0 {
				flush(text[start:i])
				start = -1
			}
			b.WriteRune(r)
		}
	}
	if start >= 0 {
		flush(text[start:])
	}
	return b.String()
}

func looksSecret(word string) bool {
	if strings.Trim(word, "0123456789.:") == "" {
		return len(word) > 32 // an address, a time, a code, the id of a request
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return false
	}
	letters := strings.ContainsFunc(word, unicode.IsLetter)
	digits := strings.ContainsFunc(word, unicode.IsDigit)
	return len(word) > 20 || len(word) >= 8 && (letters && digits || strings.ContainsAny(word, "+/=%&?"))
}
