package sink

import (
	"fmt"
	"log/slog"
)

// Secret is a string that does not print: a token, a signing key, or a URL that
// carries one. Every usual way into a log or a document shows "***"; only an
// explicit string(s) reads it.
type Secret string

const masked = "***"

// String shows "***".
func (s Secret) String() string { return masked }

// GoString shows "***" for %#v.
func (s Secret) GoString() string { return masked }

// Format shows "***" for every verb, %x and %d included.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, masked) }

// MarshalText shows "***" in YAML and other text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(masked), nil }

// MarshalJSON shows "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + masked + `"`), nil }

// LogValue shows "***" in structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(masked) }
