package main

import (
	"strings"
	"testing"
)

// What help shows must be in the program itself.
func TestManualIsEmbedded(t *testing.T) {
	for name, text := range map[string]string{"REFERENCE.md": english, "REFERENCE.zh.md": chinese} {
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s is not in the program: %.20q", name, text)
		}
	}
}
