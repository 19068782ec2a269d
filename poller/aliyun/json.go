package aliyun

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"unicode/utf8"
)

// The standard decoder takes lower-case keys, lets the last of two equal keys
// win, and passes null for an object. So the few objects of an answer are taken
// apart here. All of it relies on json.Valid having seen the whole body.

// fields are the members wanted from an object. Others are skipped.
type fields []struct {
	name string
	raw  []byte // nil if missing
}

// read takes the members of an object. Keys count as spelled; one that comes twice
// makes the object unreadable.
func (f fields) read(object []byte) error {
	if object = bytes.TrimSpace(object); object[0] != '{' {
		return errors.New("not a JSON object")
	}
	key := ""
	for value := range elements(object) {
		if key == "" {
			var err error
			if key, err = text(value); err != nil || key == "" {
				key = "\x00" // an empty key is still one
			}
			continue
		}
		for i := range f {
			if f[i].name != key {
				continue
			}
			if f[i].raw != nil {
				return fmt.Errorf("%s comes twice", key)
			}
			f[i].raw = value
		}
		key = ""
	}
	return nil
}

// elements are the values of a list, or the keys and values of an object in turn.
func elements(composite []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		rest := composite[1 : len(composite)-1]
		for {
			rest = bytes.TrimLeft(rest, " \t\r\n,:")
			if len(rest) == 0 {
				return
			}
			n := length(rest)
			if !yield(rest[:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// length is that of the value at the front of valid JSON.
func length(data []byte) int {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			for i++; data[i] != '"'; i++ {
				if data[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(data)
}

func null(raw []byte) bool { return raw == nil || string(raw) == "null" }

// text reads a string, or a number digit by digit: ids beyond 2^53 stay exact.
// Missing and null are empty.
func text(raw []byte) (string, error) {
	if null(raw) {
		return "", nil
	}
	switch c := raw[0]; {
	case c == '-' || c >= '0' && c <= '9':
		return string(raw), nil
	case c != '"':
		return "", errors.New("neither text nor a number")
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	return s, err
}
