package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretDoesNotPrint(t *testing.T) {
	const word = "hunter2"
	type settings struct{ Token Secret }
	s := settings{Token: word}
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, s.Token), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, []Secret{word}))
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	shown = append(shown, string(text), s.Token.String(), s.Token.GoString())
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{slog.New(slog.NewJSONHandler(&log, nil)), slog.New(slog.NewTextHandler(&log, nil))} {
		logger.Info("settings", "token", s.Token, "all", s, "list", []Secret{word})
	}
	shown = append(shown, log.String())
	for _, text := range shown {
		if strings.Contains(text, word) || strings.Contains(text, fmt.Sprintf("%x", word)) || !strings.Contains(text, "***") {
			t.Errorf("%s", text)
		}
	}
	if string(s.Token) != word {
		t.Error("the secret is lost")
	}
}
