package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller/aliyun"
)

// lineWriter hands over what is written, and lets a test wait for it.
type lineWriter struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text.Write(p)
	select {
	case w.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (w *lineWriter) until(t *testing.T, want string) string {
	t.Helper()
	for {
		w.mu.Lock()
		text := w.text.String()
		w.mu.Unlock()
		if strings.Contains(text, want) {
			return text
		}
		select {
		case <-w.more:
		case <-time.After(20 * time.Second):
			t.Fatalf("no %q in %s", want, text)
		}
	}
}

// What follows the exports is a comment to a shell in each language, and names what can be
// tried.
func TestServeHelp(t *testing.T) {
	for lang, want := range map[string]string{"en": "A simulated API answers", "zh": "模拟 API 在上述地址应答"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			stop()
			var out bytes.Buffer
			Run(ctx, []string{"demo", "-serve"}, Shell{Out: &out, Err: io.Discard, Getenv: func(name string) string {
				return map[string]string{"MESSAGE_LANG": lang}[name]
			}})
			for _, part := range []string{want, "#   refreshwatch list", "#   refreshwatch wait 15690001 "} {
				if !strings.Contains(out.String(), part) {
					t.Errorf("%s: no %q in\n%s", lang, part, &out)
				}
			}
			for line := range strings.Lines(out.String()) {
				if !strings.HasPrefix(line, "export ") && !strings.HasPrefix(line, "#") {
					t.Errorf("%s: %q is no comment", lang, line)
				}
			}
		})
	}
}

// The first lines point every other command at the simulated API, whatever the user's
// environment holds; it answers until it is interrupted, and leaves nothing behind.
func TestServe(t *testing.T) {
	for _, p := range aliyun.Products() {
		t.Setenv("TMPDIR", t.TempDir())
		ctx, stop := context.WithCancel(t.Context())
		out := &lineWriter{more: make(chan struct{}, 1)}
		exit := make(chan int)
		go func() {
			exit <- Run(ctx, []string{"demo", "-serve"}, Shell{Out: out, Err: io.Discard, Getenv: func(name string) string {
				return map[string]string{"PRODUCT": p.Name}[name]
			}})
		}()
		env := map[string]string{"ALIBABA_CLOUD_SECURITY_TOKEN": "the user's own", "CHECKPOINT": "file:///the/users/own", "WATCH_ROLE_ARN": "acs:ram::1:role/own"}
		text := out.until(t, "Ctrl-C")
		for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
			m := regexp.MustCompile(`^export ([A-Z_]+)='([^']*)'$`).FindStringSubmatch(line)
			switch {
			case m != nil:
				env[m[1]] = m[2]
			case i < 5 || !strings.HasPrefix(line, "#"):
				t.Errorf("line %d is no export, nor a comment: %s", i+1, line)
			}
		}
		run := func(args ...string) string {
			var stdout, stderr bytes.Buffer
			env["FIRST_RUN"] = "notify"
			if code := Run(t.Context(), args, Shell{Out: &stdout, Err: &stderr, Getenv: func(name string) string { return env[name] }}); code != 0 {
				t.Errorf("%s: %v: exit code %d\n%s%s", p.Name, args, code, &stdout, &stderr)
			}
			return stdout.String()
		}
		if got := run("check"); !strings.Contains(got, "tasks in the last hour") {
			t.Errorf("%s: check: %s", p.Name, got)
		}
		if got := run("poll"); !strings.Contains(got, `"fetched":22,"new":1`) {
			t.Errorf("%s: poll: %s", p.Name, got)
		}
		res, err := http.Get(env[p.EndpointVariable()])
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if at, err := http.ParseTime(res.Header.Get("Date")); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("Date: %v, %v", at, err)
		}
		stop()
		if code := <-exit; code != 0 {
			t.Errorf("%s: exit code %d", p.Name, code)
		}
		if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
			t.Errorf("%s: %v, %v are left", p.Name, left, err)
		}
	}
}

func TestServeTakesKnownProducts(t *testing.T) {
	var stderr bytes.Buffer
	code := Run(t.Context(), []string{"demo", "-serve"}, Shell{Out: io.Discard, Err: &stderr, Getenv: func(string) string { return "live" }})
	if code != 2 || !strings.Contains(stderr.String(), "PRODUCT: unknown value. Known: vod, cdn, dcdn") {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
}

// New submissions keep appearing, with task ids of their own; every way to end is
// among them.
func TestSubmissionsOfServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _ := aliyun.ProductNamed("cdn")
		ids, ends := map[string]bool{}, map[string]int{}
		for n := 1; n <= 48; n++ {
			tasks := nextSubmission(p, n, time.Now())
			if ids[tasks[0].TaskID] {
				t.Errorf("task id %s comes again", tasks[0].TaskID)
			}
			ids[tasks[0].TaskID] = true
			if len(tasks) > 50 {
				ends["two pages"]++
			}
			last := tasks[0].Steps[len(tasks[0].Steps)-1]
			ends[string(last.Status)]++
			ends[tasks[0].ObjectType]++
		}
		got := fmt.Sprint(ends["Complete"] > 20, ends["Failed"] > 3, ends["Timeout"] > 3, ends["Refreshing"] > 3, ends["two pages"] > 3, ends["file"] > 9, ends["directory"] > 9, ends["preload"] > 9)
		if diff := cmp.Diff("true true true true true true true true", got); diff != "" {
			t.Errorf("%v", ends)
		}
	})
}
