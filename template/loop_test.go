package template

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An override without an end does not hang the program: the check of the samples gives
// up, and says why.
func TestOverrideThatTakesForever(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "slack.tmpl"), []byte(`{{define "context"}}{{range 300000}}{{end}}{{end}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := readEmbedded("")
	if err != nil {
		t.Fatal(err)
	}
	overrides, _ := readDir(dir, defaults)
	if s.used, err = assemble("en", defaults, overrides); err != nil {
		t.Fatal(err)
	}
	if mistakes := s.tryFor(time.Nanosecond); len(mistakes) != 1 || !strings.Contains(mistakes[0].Error(), "longer than") {
		t.Errorf("an override that does not end in time: %v", mistakes)
	}
	synctest.Test(t, func(t *testing.T) { // where time stands still while there is work
		if mistakes := s.tryFor(time.Minute); len(mistakes) > 0 {
			t.Errorf("the same, with time enough: %v", mistakes)
		}
	})
}
