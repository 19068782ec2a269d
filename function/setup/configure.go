package setup

import (
	"errors"
	"io"
	"log/slog"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// Configure reads the configuration and puts the program together. What is wrong is
// reported all together; the program then holds what could be read.
func Configure(getenv func(string) string, on Platform, logTo func(slog.Level) *slog.Logger, console io.Writer) (*Program, error) {
	config, unread := LoadConfig(getenv, on)
	w, unusable := Assemble(config, logTo(config.LogLevel), console)
	err := merge(unread, unusable)
	if err != nil {
		return w, &watch.RunError{Code: watch.CodeConfig, Err: err}
	}
	return w, nil
}

// merge joins what the reader found with what the parts found that are to work with
// the values. About a setting that was read wrongly the parts have nothing to add.
func merge(unread, unusable error) error {
	all := poller.Mistakes(unread)
	known := map[string]bool{}
	for _, m := range all {
		known[m.Setting] = true
	}
	for _, m := range poller.Mistakes(unusable) {
		if m.Setting == "" || !known[m.Setting] {
			all = append(all, m)
		}
	}
	var errs []error
	for _, m := range all {
		errs = append(errs, m)
	}
	return errors.Join(errs...)
}
