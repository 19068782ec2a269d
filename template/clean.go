package template

import (
	"net/url"
	"strings"
	"unicode"
)

// clean makes foreign text printable on one line and takes out what would log its
// bearer in. All task data passes through here before anything else.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Noncharacter_Code_Point, r):
			return -1 // escapes move a terminal's cursor, bidi marks turn text around
		}
		return r
	}, s)
	return mask(strings.TrimSpace(s))
}

// mask hides signatures and passwords in URLs: a signed link in a chat is a key
// for everybody who reads along.
func mask(s string) string {
	s = maskUser(s)
	if !strings.Contains(s, "=") {
		return s
	}
	var b strings.Builder
	for s != "" {
		name, rest, found := strings.Cut(s, "=")
		b.WriteString(name)
		if !found {
			break
		}
		b.WriteByte('=')
		s = rest
		if secretName(name[strings.LastIndexAny(name, "?&;#/, ")+1:]) {
			b.WriteString("***")
			end := strings.IndexAny(rest, "&;# ")
			if end < 0 {
				break
			}
			s = rest[end:]
		}
	}
	return b.String()
}

// maskUser hides the user and password of "https://user:password@host/".
func maskUser(s string) string {
	start := strings.Index(s, "://")
	if start < 0 {
		return s
	}
	start += len("://")
	end := len(s)
	if i := strings.IndexAny(s[start:], "/?#"); i >= 0 {
		end = start + i
	}
	at := strings.LastIndexByte(s[start:end], '@')
	if at < 0 {
		return s
	}
	return s[:start] + "***" + s[start+at:]
}

// secretName reports whether a parameter of this name signs or unlocks an object
// URL: Alibaba Cloud CDN and OSS, S3 and the like, and what people call their own.
func secretName(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.NewReplacer("-", "", "_", "", "x-oss-", "", "x-amz-", "").Replace(strings.ToLower(name))
	switch name {
	case "authkey", "auth", "authorization", "authtoken", "sign", "sig", "signature", "expires",
		"token", "accesstoken", "securitytoken", "credential", "key", "apikey", "hmac",
		"accesskeyid", "ossaccesskeyid", "awsaccesskeyid", "accesskeysecret",
		"secret", "wssecret", "txsecret", "password", "passwd", "pwd":
		return true
	}
	return false
}
