package setup

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"

	"refreshwatch/function/watch"
)

// apiSettings are the variables that reading the API alone depends on, besides those of
// credentials and products.
var apiSettings = []string{"PRODUCT", "WATCH_ROLE_ARN", "WATCH_ROLE_EXTERNAL_ID", "STS_ENDPOINT", "MESSAGE_LANG", "TIME_ZONE", "LOG_LEVEL", "HOME", "USERPROFILE"}

// ConfigureAPI puts together what a command needs that only reads the API. Sinks,
// routes, checkpoint and scope are not configured, and mistakes in their settings are
// not looked for: such a command needs the permission on the API and nothing else.
func ConfigureAPI(getenv func(string) string, logTo func(slog.Level) *slog.Logger) (*Program, error) {
	config, unread := LoadConfig(func(variable string) string {
		switch {
		case variable == "CHECKPOINT":
			return "file:///not-opened" // a default would need a home directory
		case slices.Contains(apiSettings, variable), strings.HasPrefix(variable, "ALIBABA_CLOUD_"),
			strings.HasSuffix(variable, "_ENDPOINT"), strings.HasSuffix(variable, "_MAX_QPS"), strings.HasSuffix(variable, "_REGION"),
			strings.HasSuffix(strings.ToUpper(variable), "_PROXY"):
			return getenv(variable)
		}
		return ""
	}, CommandLine)
	config.Checkpoint = ""
	w, unusable := Assemble(config, logTo(config.LogLevel), nil)
	if err := merge(unread, unusable); err != nil {
		return w, &watch.RunError{Code: watch.CodeConfig, Err: err}
	}
	if w.Keys.isEmpty() {
		return w, &watch.RunError{Code: watch.CodeConfig, Err: cmp.Or[error](config.Profile.Problem, errNoKey)}
	}
	return w, nil
}
