package setup

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"

	"refreshwatch/function/watch"
)

// Configure reads the configuration and puts the program together. What is wrong is
// reported all together; the wiring then holds what could be read.
func Configure(getenv func(string) string, onFC bool, logTo func(slog.Level) *slog.Logger, console io.Writer) (*Program, error) {
	config, unread := LoadConfig(getenv, onFC)
	w, unusable := Assemble(config, logTo(config.LogLevel), console)
	read := mistakes(unread)
	seen := func(m error) bool { // the same mistake, found twice
		return slices.ContainsFunc(read, func(k error) bool { return setting(k) == setting(m) })
	}
	all := slices.Concat(read, slices.DeleteFunc(mistakes(unusable), seen))
	if len(all) > 0 {
		return w, &watch.RunError{Code: watch.CodeConfig, Err: errors.Join(all...)}
	}
	return w, nil
}

// mistakes takes joined errors apart.
func mistakes(err error) []error {
	var run *watch.RunError
	if errors.As(err, &run) {
		err = run.Err
	}
	joined, ok := err.(interface{ Unwrap() []error })
	switch {
	case err == nil:
		return nil
	case !ok:
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, mistakes(e)...)
	}
	return all
}

// setting is the variable a mistake is about, where it begins with one; otherwise
// the mistake itself.
func setting(mistake error) string {
	text := mistake.Error()
	rest := strings.TrimLeft(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
	if rest == text {
		return text
	}
	return strings.TrimSuffix(text, rest)
}
