package template

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"refreshwatch/poller"
)

// mask hides signatures and passwords in URLs, wherever they stand in a text: a
// signed link in a chat is a key for everybody who reads along.
func mask(s string) string {
	return maskSignedPath(maskParameters(maskUsers(maskURLs(s))))
}

// maskURLs hides user information by the rule for object paths, which also knows a
// password that holds a slash.
func maskURLs(s string) string {
	if !strings.Contains(s, "://") || !strings.Contains(s, "@") {
		return s
	}
	words := strings.Split(s, " ")
	for i, word := range words {
		if strings.Contains(word, "://") {
			words[i] = poller.MaskUser(word)
		}
	}
	return strings.Join(words, " ")
}

// separators end a name or a value in a URL or in the text around it.
const separators = "?&;#/, \"'`<>(){}[]|"

// maskUsers hides "user:password@" with a scheme or without, and "user@" behind a
// scheme, also where the URL is a parameter and percent-encoded.
func maskUsers(s string) string {
	var b strings.Builder
	for {
		at, size, _ := indexEscaped(s, "@")
		if at < 0 {
			return b.String() + s
		}
		start := strings.LastIndexAny(s[:at], separators+"=") + 1
		for _, escape := range []string{"%2f", "%3d", "%26", "%3f"} {
			if i := strings.LastIndex(strings.ToLower(s[start:at]), escape); i >= 0 {
				start += i + len(escape)
			}
		}
		before, user := strings.ToLower(s[:start]), strings.ToLower(s[start:at])
		behindScheme := strings.HasSuffix(before, "//") || strings.HasSuffix(before, "%2f%2f")
		if user != "" && (behindScheme || strings.Contains(user, ":") || strings.Contains(user, "%3a")) {
			b.WriteString(s[:start] + "***")
		} else {
			b.WriteString(s[:at])
		}
		b.WriteString(s[at : at+size])
		s = s[at+size:]
	}
}

// maskParameters hides the values of parameters that sign or unlock: raw, and inside
// another parameter's value, where "=" is "%3D" or "%253D"; of elements, as in a[token]
// and token[]; and of fields of JSON.
func maskParameters(s string) string {
	var b strings.Builder
	for {
		at, size, sign := indexEscaped(s, "=:")
		if at < 0 {
			return b.String() + s
		}
		b.WriteString(s[:at+size])
		names, quoted := lastNames(s[:at])
		s = s[at+size:]
		isField := sign == ':'
		if isField && !quoted || !slices.ContainsFunc(names, secretName) {
			continue
		}
		from, to := valueOf(s, size > 1, isField)
		b.WriteString(s[:from])
		if to > from {
			b.WriteString("***")
		}
		s = s[to:]
	}
}

// lastNames is the parameter's name at the end of a text, decoded as often as it is
// encoded; of an element also the names in brackets. quoted tells the name of a field.
func lastNames(s string) (names []string, quoted bool) {
	const nested = 3 // a URL in a URL in a URL
	if i := strings.LastIndexByte(s, '='); i >= 0 {
		s = s[i+1:]
	}
	for range nested {
		plain, err := url.QueryUnescape(s)
		if err != nil || plain == s {
			break
		}
		s = plain
	}
	s = strings.TrimRight(s, " ")
	name := strings.TrimRight(s, `"'`)
	quoted = name != s
	name = name[strings.LastIndexAny(name, "?&;#/, \"'`<>(){}|=:")+1:]
	return strings.FieldsFunc(name, func(r rune) bool { return r == '[' || r == ']' }), quoted
}

// valueOf is where the value at the beginning of a text begins and ends. One in quotes
// ends at the next quote; an encoded one at an encoded &, too; and that of a field of JSON
// at a comma or bracket.
func valueOf(text string, encoded, isField bool) (from, to int) {
	from = len(text) - len(strings.TrimLeft(text, " "))
	if at, size, quote := indexEscaped(text[from:], "\"'"); at == 0 {
		from += size
		if at, _, _ := indexEscaped(text[from:], string(quote)); at >= 0 {
			return from, from + at
		}
	} else if !isField {
		from = 0
	}
	ends, escaped := "&;# \"'`<>", "&"
	if isField {
		ends, escaped = ends+",}]", ",}]"
	}
	to = len(text)
	if i := strings.IndexAny(text[from:], ends); i >= 0 {
		to = from + i
	}
	if encoded {
		if i, _, _ := indexEscaped(text[from:to], escaped); i >= 0 {
			to = from + i
		}
	}
	return from, to
}

// indexEscaped finds the first of some characters: raw, percent-encoded, or encoded twice
// or three times.
func indexEscaped(s, chars string) (index, size int, found byte) {
	for i := range len(s) {
		if strings.IndexByte(chars, s[i]) >= 0 {
			return i, 1, s[i]
		}
		if s[i] != '%' {
			continue
		}
		digits := i + 1
		for strings.HasPrefix(s[digits:], "25") && digits < i+5 {
			digits += 2
		}
		if len(s) < digits+2 {
			continue
		}
		if c, err := strconv.ParseUint(s[digits:digits+2], 16, 8); err == nil && strings.IndexByte(chars, byte(c)) >= 0 {
			return i, digits + 2 - i, byte(c)
		}
	}
	return -1, 0, 0
}

// secretName reports whether a parameter of this name signs or unlocks an object
// URL: Alibaba Cloud CDN and OSS, S3, Akamai and the like, and what people call their
// own.
func secretName(name string) bool {
	name = strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(name))
	for _, prefix := range []string{"xoss", "xamz", "xgoog", "xcos"} {
		name = strings.TrimPrefix(name, prefix)
	}
	switch name {
	case "authkey", "auth", "authorization", "sign", "sig", "expires", "bearer",
		"key", "apikey", "accesskey", "privatekey", "keypairid", "keyid",
		"accesskeyid", "ossaccesskeyid", "awsaccesskeyid", "googleaccessid",
		"policy", "jwt", "hmac", "hdnts", "hdnea", "hdntl", "session", "sid", "cookie", "pass", "passwd", "pwd", "otp", "psk", "csrf", "ticket":
		return true
	}
	for _, part := range []string{"token", "secret", "signature", "password", "passphrase", "credential", "sessionid", "sessid"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// maskSignedPath hides the hash of a URL signed by Alibaba Cloud's types B
// (/201508150800/<md5>/file) and C (/<md5>/55CE8100/file, or as two parameters with
// names of the operator's choice), also where the URL is percent-encoded in another one;
// CDN, "URL signing", read 2026-11. Type A is the parameter auth_key.
func maskSignedPath(s string) string {
	var hashes []int // where a hash begins beside a timestamp
	previousHash, previousTime := -1, false
	for start := 0; start <= len(s); {
		end, size, separator := indexEscaped(s[start:], "/?&=# ")
		if end < 0 {
			end = len(s) - start
		}
		word := s[start : start+end]
		switch {
		case isHex(word, 32):
			if previousTime {
				hashes = append(hashes, start)
			}
			previousHash, previousTime = start, false
		case isTimestamp(word):
			if previousHash >= 0 {
				hashes = append(hashes, previousHash)
			}
			previousHash, previousTime = -1, true
		case separator == '=': // a name between two values
		default:
			previousHash, previousTime = -1, false
		}
		start += end + max(1, size)
	}
	for i := len(hashes) - 1; i >= 0; i-- {
		s = s[:hashes[i]] + "***" + s[hashes[i]+32:]
	}
	return s
}

func isTimestamp(word string) bool {
	digits := strings.Trim(word, "0123456789") == ""
	return digits && (len(word) == 12 && strings.HasPrefix(word, "20") || len(word) == 10) || isHex(word, 8)
}

func isHex(word string, size int) bool {
	return len(word) == size && strings.Trim(strings.ToLower(word), "0123456789abcdef") == ""
}

// Mask hides what opens a door in a text that others will read: signatures and tokens in
// URLs, and users with their passwords.
func Mask(s string) string { return mask(s) }
