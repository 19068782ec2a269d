package aliyun

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"refreshwatch/poller"
)

const (
	maxMessage = 300 // keeps an error readable in a log line and in a chat message
	maxExcerpt = 200 // of an answer nobody knows how to read
	hidden     = "***"
)

// signed finds the parameters of a signed request that a text quotes, plain or
// escaped once or twice, as the string to sign has them.
var signed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(AccessKeyId|AccessKeySecret|Signature|SecurityToken|ExternalId)(=|%3D|%253D)[^&\s"']*?(&|%26|%2526|\s|"|'|$)`)
})

// credentialFields finds what an answer of AssumeRole holds.
var credentialFields = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)("(?:AccessKeyId|AccessKeySecret|SecurityToken|ExternalId)"\s*:\s*")[^"]*("|$)`)
})

// objects finds what may be an object's address in an answer: whatever follows its
// host may open the object to the bearer.
var objects = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`((?:\w+:\\?/\\?/)?)(?:[^\s"'<>/\\?@]*@)?([\w.:-]*)\\?[/?][^\s"'<>]*`)
})

// secrets are what no text may hold: keys, tokens, external ids.
type secrets []string

func secretsOf(keys ...Credentials) secrets {
	var s secrets
	for _, key := range keys {
		s = append(s, key.Token, key.Secret, key.AccessKeyID)
	}
	return s
}

// message is the API's explanation without what it quotes of the request. A
// signature that does not match is answered with the whole string to sign.
func (s secrets) message(text string) error {
	text, _, _ = strings.Cut(text, "server string to sign is")
	if text = s.redact(text, maxMessage); text == "" {
		return errors.New("the API gave no reason")
	}
	return errors.New(text)
}

// redact removes secrets and whole signed parameters from a foreign text, makes it
// printable, and bounds it to most bytes.
func (s secrets) redact(text string, most int) string {
	for _, secret := range s {
		if len(secret) < 4 {
			continue
		}
		once := url.QueryEscape(secret)
		for _, spelling := range []string{secret, once, url.PathEscape(secret), url.QueryEscape(once)} {
			text = strings.ReplaceAll(text, spelling, hidden)
		}
	}
	text = signed().ReplaceAllString(text, hidden+"$3")
	text = credentialFields().ReplaceAllString(text, "${1}"+hidden+"$2")
	return cut(strings.TrimSpace(poller.Printable(text)), most)
}

func cut(text string, most int) string {
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// excerpt is how an answer begins, for a person who has to find out what it is.
func (s secrets) excerpt(body []byte) string {
	if len(body) == 0 {
		return "nothing"
	}
	text := s.redact(string(body), len(body)+len(hidden)) // before anything is cut: half a key is found no more
	return cut(objects().ReplaceAllString(text[:min(len(text), maxExcerpt*8)], "$1$2/…"), maxExcerpt)
}

// identifier passes a code or a request id, and nothing that merely claims to be
// one.
func (s secrets) identifier(text string) string {
	if len(text) > 100 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return ""
	}
	if s.redact(text, maxMessage) != text {
		return ""
	}
	return text
}

// transportError says in our own words why no answer came: the transport's may hold
// the URL, and a peer's certificate holds whatever the peer likes.
func transportError(err error, op operation, s secrets) *poller.Error {
	e := &poller.Error{Class: poller.Transient, Code: "Transport"}
	var proxy *poller.ProxyRefused
	switch problem, next, known := poller.NetworkProblem(err); {
	case errors.Is(err, errTimeout):
		e.Code, e.Err = "Timeout", errTimeout
	case errors.Is(err, errTooLarge):
		e.Class, e.Code, e.Err, e.Hint = poller.Unreadable, "UnknownAnswer", errTooLarge, op.advice(hintUnknown)
	case errors.Is(err, errIncomplete):
		e.Code, e.Err = "BadAnswer", errIncomplete
	case known:
		e.Err = errors.New(problem)
		if next != "" {
			e.Hint = next + op.advice(". The address comes from {address}.")
		}
		if errors.As(err, &proxy) && proxy.Status < 500 {
			e.Class, e.Code, e.Hint = poller.Denied, "Proxy", next+"."
		}
	default:
		e.Err = errors.New(s.redact(err.Error(), maxMessage))
	}
	return e
}
