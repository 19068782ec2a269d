package main

import (
	"strings"
	"testing"

	"refreshwatch/notifier"
)

// What help shows must be in the program itself.
func TestManualIsEmbedded(t *testing.T) {
	for name, text := range map[string]string{"README.md": english, "README.zh.md": chinese, "notifier/README.md": notifier.Manual} {
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s is not in the program: %.20q", name, text)
		}
	}
}
