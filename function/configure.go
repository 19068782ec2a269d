package main

import (
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// configure reads the configuration and puts the program together. What is wrong is
// reported all together; the wiring then holds what could be read.
func configure(getenv func(string) string, onFC bool, logTo func(slog.Level) *slog.Logger, console io.Writer) (*wiring, error) {
	config, unread := LoadConfig(getenv, onFC)
	w, unusable := wire(config, logTo(config.LogLevel), console)
	known := mistakes(unread)
	for _, m := range mistakes(unusable) {
		same := func(k error) bool { return setting(k) == setting(m) }
		if !slices.ContainsFunc(known, same) { // else it is the same mistake, seen twice
			known = append(known, m)
		}
	}
	if len(known) > 0 {
		return w, &RunError{CodeConfig, errors.Join(known...)}
	}
	return w, nil
}

// mistakes takes joined errors apart.
func mistakes(err error) []error {
	var run *RunError
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

// setting is the variable a mistake is about: each begins with its name.
func setting(mistake error) string {
	name, _, _ := strings.Cut(mistake.Error(), ":")
	return name
}
