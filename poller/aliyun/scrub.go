package aliyun

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"unicode"

	"refreshwatch/poller"
)

// maxMessage keeps an error readable in a log line and in a chat message.
const maxMessage = 300

// signed finds parameters of a signed request that a text quotes, plain or
// escaped once or twice, as the string to sign has them.
var signed = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)(AccessKeyId|AccessKeySecret|Signature|SecurityToken)(=|%3D|%253D)[^&\s"']*?(&|%26|%2526|\s|"|'|$)`)
})

// message is the API's explanation without what it quotes of the request. A
// signature that does not match is answered with the whole string to sign.
func message(code, text string, creds Credentials) error {
	text, _, _ = strings.Cut(text, "server string to sign is")
	if text = scrub(text, creds); text == "" {
		return errors.New("the API gave no reason")
	}
	return errors.New(text)
}

// scrub removes the key, the secret, the token and whole signed parameters from
// a foreign text, as well as control characters, and shortens it.
func scrub(text string, creds Credentials) string {
	for _, secret := range []string{creds.Token, creds.Secret, creds.AccessKeyID} {
		if secret == "" {
			continue
		}
		once := url.QueryEscape(secret)
		for _, spelling := range []string{secret, once, url.PathEscape(secret), url.QueryEscape(once)} {
			text = strings.ReplaceAll(text, spelling, "***")
		}
	}
	text = signed().ReplaceAllString(text, "***$3")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.TrimSpace(text)
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// token passes a code or a request id, and nothing that merely claims to be one.
func token(s string, creds Credentials) string {
	if len(s) > 100 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") != "" {
		return ""
	}
	if scrub(s, creds) != s {
		return ""
	}
	return s
}

// transportError says in our own words why no answer came: the transport's may
// hold the URL.
func transportError(err error, creds Credentials) error {
	var (
		dns   *net.DNSError
		cert  *tls.CertificateVerificationError
		alert tls.AlertError
	)
	e := &poller.Error{Class: poller.Transient, Code: "Transport"}
	switch {
	case errors.Is(err, errTimeout):
		e.Code, e.Err = "Timeout", errTimeout
	case errors.Is(err, errTooLarge):
		e.Code, e.Err = "BadAnswer", errTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Code, e.Err = "BadAnswer", errors.New("the answer ended early")
	case errors.Is(err, io.EOF):
		e.Err = errors.New("the connection closed without an answer")
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Err = errors.New("the connection was reset")
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Err = errors.New("the connection was refused")
		e.Hint = "Check VOD_ENDPOINT and the network: nothing listens there."
	case errors.As(err, &dns):
		e.Err = errors.New("the host name could not be resolved")
		e.Hint = "Check VOD_REGION, VOD_ENDPOINT and the network's DNS."
	case errors.As(err, &cert), errors.As(err, &alert):
		e.Code, e.Err = "TLS", errors.New("no trusted connection: the certificate or the handshake was refused")
		e.Hint = "Check VOD_ENDPOINT, this machine's clock and its root certificates."
	default:
		e.Err = errors.New(scrub(err.Error(), creds))
	}
	return e
}
