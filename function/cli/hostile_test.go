package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// Whoever may write the checkpoint, the API and every receiver choose texts of a report. No
// terminal obeys any of them: neither in the summary, nor in an error, nor in the line of
// JSON, which means the same to a program.
func TestNoTerminalObeysAReport(t *testing.T) {
	const text = "a\x1b[2Jb\x07c\u0085d\u009b2Je\u202ef\u2066g\U000E0041h"
	var r watch.Report
	spike(reflect.ValueOf(&r).Elem(), text)
	for _, action := range []string{watch.ActionPoll, watch.ActionStatus, watch.ActionCheck} {
		shown := r
		shown.Action = action
		if action != watch.ActionStatus {
			shown.Status = nil
		}
		if action != watch.ActionCheck {
			shown.Checks = nil
		}
		for _, chinese := range []bool{false, true} {
			for _, tty := range []bool{false, true} {
				var out, errOut bytes.Buffer
				sh := Shell{Out: &out, Err: &errOut, OutTTY: tty, ErrTTY: tty, Width: 80, words: words{chinese: chinese}, zone: time.UTC}
				sh.show(shown, errors.Join(errors.New(text), &poller.Mistake{Setting: text, Problem: text, Next: text}))
				sh.printError(errors.New(text))
				for _, c := range out.String() + errOut.String() {
					if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
						t.Errorf("%s, Chinese %v, terminal %v: %+q in %+q", action, chinese, tty, c, out.String()+errOut.String())
						break
					}
				}
				if tty {
					continue
				}
				lines := strings.Split(strings.TrimSpace(out.String()), "\n")
				var back watch.Report
				if err := json.Unmarshal([]byte(lines[len(lines)-1]), &back); err != nil || back.Run != text {
					t.Errorf("%s: %v, run %+q", action, err, back.Run)
				}
				if diff := cmp.Diff(fmt.Sprint(shown.Status), fmt.Sprint(back.Status)); diff != "" && back.Status == nil {
					t.Errorf("%s: %s", action, diff)
				}
			}
		}
	}
}

// spike sets every text in v, and gives every list and pointer one element.
func spike(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if v.Type() != reflect.TypeFor[*watch.Report]() { // a report in a status in a report
			v.Set(reflect.New(v.Type().Elem()))
			spike(v.Elem(), text)
		} else {
			v.Set(reflect.ValueOf(&watch.Report{Action: text, Run: text}))
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			spike(v.Index(0), text)
		}
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String && v.Type().Elem().Kind() == reflect.Int {
			v.Set(reflect.ValueOf(map[string]int{text: 1}))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() && v.Type() != reflect.TypeFor[time.Time]() {
				spike(v.Field(i), text)
			}
		}
	}
}
