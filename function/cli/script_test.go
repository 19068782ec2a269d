package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"refreshwatch/function/fctest"
	"refreshwatch/notifier/notifiertest"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// The test binary is also the program, for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(cleaning{m}, map[string]func(){"refreshwatch": func() { os.Exit(Main(os.Args[1:], Manual{})) }})
}

// cleaning removes the deployed binary after the last test.
type cleaning struct{ *testing.M }

func (c cleaning) Run() int {
	defer fctest.RemoveDeployed()
	return c.M.Run()
}

// The scripts in testdata/script run the command line against the simulated API
// and receivers. Beside the usual commands of testscript they have
//
//	task ID TYPE PATH STATUS [AGE]   adds a task, or moves it to another status
//	deny CODE                        lets the API refuse with one of its documented errors
//	heal                             lets it answer again
//	damage corrupt|newer             spoils the checkpoint in $WORK/state
//	undamaged                        nothing was written over it since; repairs it
//	exits CODE COMMAND ARGUMENTS     runs a command that must end with this exit code
//	received SINK N                      so many rows have arrived at the sink
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "../../testdata/script",
		Setup: func(env *testscript.Env) error {
			api := apitest.New(apitest.Options{Strict: true})
			url, stop, err := api.Start()
			if err != nil {
				return err
			}
			env.Defer(stop)
			receiver := &notifiertest.Receiver{Slack: slackWorkspace(), WebhookSecret: testWebhookSecret}
			if err := receiver.Start(); err != nil {
				return err
			}
			env.Defer(func() { receiver.Close() })
			env.Values["api"], env.Values["receiver"], env.Values["damage"] = api, receiver, &damage{dir: env.WorkDir + "/state"}
			env.Vars = append(env.Vars,
				"VOD_ENDPOINT="+url, "CHECKPOINT=file://"+env.WorkDir+"/state", "VOD_MAX_QPS=100",
				"ALIBABA_CLOUD_ACCESS_KEY_ID="+apitest.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+apitest.Secret,
				"HOOK="+receiver.URL(notifiertest.Webhook), "HOOK_SECRET="+testWebhookSecret,
				"SLACK="+receiver.URL(notifiertest.SlackPost), "NO_COLOR=1",
			)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"task": scriptTask, "deny": scriptDeny, "heal": scriptHeal, "damage": scriptDamage, "undamaged": scriptUndamaged,
			"exits": scriptExits, "received": scriptReceived,
		},
	})
}

const (
	testWebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	testSlackToken    = "xoxb-script"
)

func slackWorkspace() notifiertest.Workspace {
	return notifiertest.Workspace{
		Token: testSlackToken, Scopes: []string{"chat:write", "channels:history", "channels:read"},
		Channels: []*notifiertest.Channel{{ID: "C0OPS", Name: "ops", Member: true}, {ID: "C0AWAY", Name: "away"}},
	}
}

func scriptTask(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: task ID TYPE PATH STATUS [AGE]")
	}
	api := ts.Value("api").(*apitest.Server)
	age := time.Minute
	if len(args) > 4 {
		var err error
		age, err = time.ParseDuration(args[4])
		ts.Check(err)
	}
	key := poller.Key{TaskID: args[0], ObjectType: args[1], ObjectPath: args[2]}
	_ = api.Add(apitest.Task{Key: key, Created: time.Now().Add(-age)}) // it may be there already
	description := ""
	if args[3] == "Failed" {
		description = "Origin Timeout"
	}
	ts.Check(api.Set(key, poller.Status(args[3]), "", description))
}

func scriptDeny(ts *testscript.TestScript, _ bool, args []string) {
	for _, fault := range apitest.Refusals() {
		if fault.Code == args[0] {
			ts.Value("api").(*apitest.Server).Fault(fault)
			return
		}
	}
	ts.Fatalf("apitest has no refusal %s", args[0])
}

func scriptHeal(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Value("api").(*apitest.Server).Heal()
}

// damage is what was done to a checkpoint's newest generation.
type damage struct {
	dir, file string
	before    []byte
	after     string // the whole folder
}

func scriptDamage(ts *testscript.TestScript, _ bool, args []string) {
	d := ts.Value("damage").(*damage)
	files, err := filepath.Glob(d.dir + "/0*")
	ts.Check(err)
	d.file = files[len(files)-1]
	d.before, err = os.ReadFile(d.file)
	ts.Check(err)
	spoiled := bytes.Replace(d.before, []byte("refreshwatch 2 "), []byte("refreshwatch 3 "), 1)
	if args[0] == "corrupt" {
		spoiled = bytes.Replace(d.before, []byte("commit"), []byte("comnit"), 1)
	}
	ts.Check(os.WriteFile(d.file, spoiled, 0o600))
	d.after = bytesIn(d.dir)
}

func scriptUndamaged(ts *testscript.TestScript, _ bool, _ []string) {
	d := ts.Value("damage").(*damage)
	if now := bytesIn(d.dir); now != d.after {
		ts.Fatalf("the folder was written to; it holds\n%s", now)
	}
	ts.Check(os.WriteFile(d.file, d.before, 0o600))
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGUMENTS")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit code %d, want %s", code, want)
	}
}

func scriptReceived(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := 0
	for _, post := range ts.Value("receiver").(*notifiertest.Receiver).Posts(notifiertest.Endpoint(args[0])) {
		if post.Problem != "" {
			ts.Fatalf("%s refused a message: %s", args[0], post.Problem)
		}
		if post.Arrived {
			got += max(1, strings.Count(string(post.Body), `"task_id"`))
		}
	}
	if (got == want) == neg {
		ts.Fatalf("%s was notified %d rows, want %d", args[0], got, want)
	}
}

// bytesIn is all bytes of the files in a folder.
func bytesIn(dir string) string {
	var all strings.Builder
	filepath.Walk(dir, func(path string, _ os.FileInfo, _ error) error {
		text, _ := os.ReadFile(path) // a folder has none
		fmt.Fprintf(&all, "%s\n%s\n", path, text)
		return nil
	})
	return all.String()
}
