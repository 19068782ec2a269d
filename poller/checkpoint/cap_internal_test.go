package checkpoint

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type answerOf struct{ size int64 }

func (a answerOf) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{Body: io.NopCloser(io.LimitReader(zeros{}, a.size))}, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestLargeAnswers: what would not fit into a small function is not read.
func TestLargeAnswers(t *testing.T) {
	for size, fits := range map[int64]bool{0: true, 1 << 20: true, maxDocument: true, maxDocument + 1: false, 1 << 60: false} {
		res, err := capped{answerOf{size}}.RoundTrip(nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, res.Body)
		if fits && (err != nil || n != size) {
			t.Errorf("an answer of %d bytes: read %d, %v", size, n, err)
		}
		if !fits && (err == nil || !strings.Contains(err.Error(), "larger than 64 MiB")) {
			t.Errorf("an answer of %d bytes: read %d, %v", size, n, err)
		}
	}
}

func TestLargeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, maxDocument+1); err != nil { // sparse
		t.Fatal(err)
	}
	if _, err := readRegular(path); err == nil || !strings.Contains(err.Error(), "larger than 64 MiB") {
		t.Errorf("readRegular: %v", err)
	}
}

func TestWordKeepsForeignTextOut(t *testing.T) {
	for in, want := range map[string]string{
		"AccessDenied": "AccessDenied", "0003-00000001": "0003-00000001", "": "",
		"<html>": "?", "Access Denied": "?", strings.Repeat("a", 65): "?",
	} {
		if got := word(in); got != want {
			t.Errorf("word(%q) = %q, want %q", in, got, want)
		}
	}
}
