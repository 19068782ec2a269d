package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// jsonFields are the names a struct has in JSON, sorted.
func jsonFields(of any) []string {
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, name)
	}
	return sortedSet(fields)
}

// The table of variables has each that the program asks for, no other, and their
// true defaults.
func TestReadmeVariables(t *testing.T) {
	rows := readReadme(t, reference).section(t, "Variables").table(t, 0)
	asked := variablesOnFC()
	load := func(set map[string]string) setup.Config {
		c, err := setup.LoadConfig(func(name string) string { asked = append(asked, name); return set[name] }, setup.CommandLine)
		if err != nil {
			t.Errorf("with %v: %v", set, err)
		}
		c.Variables = nil // which are asked for depends on what is set
		return c
	}
	t.Setenv("HOME", "/home/me")
	unset := load(nil)
	here := strings.NewReplacer("<region>", "cn-shanghai", "<state>", "/home/me/.local/state", "<folder>", "vod", "~", "/home/me")
	for _, row := range rows {
		if d := code1.FindStringSubmatch(row[2]); d != nil {
			name := code1.FindStringSubmatch(row[0])[1]
			if diff := cmp.Diff(fmt.Sprintf("%+v", unset), fmt.Sprintf("%+v", load(map[string]string{name: here.Replace(d[1])}))); diff != "" {
				t.Errorf("%s: %s is not its default:\n%s", name, d[1], diff)
			}
		}
	}
	notOurs := func(name string) bool { // the table has the large spelling of a proxy's variable
		others := []string{"HOME", "USERPROFILE", "ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_ECS_METADATA"} // of which the last three are not supported
		return slices.Contains(others, name) || name == strings.ToLower(name)
	}
	if diff := cmp.Diff(slices.DeleteFunc(sortedSet(asked), notOurs), names(rows, 0)); diff != "" {
		t.Errorf("asked for by the program (-), in the table (+):\n%s", diff)
	}
	for name, value := range map[string]string{ // that set is not always the same as unset
		"VOD_REGION": "cn-beijing", "VOD_MAX_QPS": "5", "FIRST_RUN": "notify", "STALLED_AFTER": "1h", "MESSAGE_LANG": "zh",
		"LOG_LEVEL": "warn", "XDG_STATE_HOME": "/state", "PRODUCT": "cdn", "TIME_ZONE": "+08:00", "GROUP_WAIT": "0", "LABEL": "prod",
	} {
		if reflect.DeepEqual(unset, load(map[string]string{name: value})) {
			t.Errorf("%s=%s changes nothing", name, value)
		}
	}
}

func TestReadmeConfigFile(t *testing.T) {
	r := readReadme(t, reference).section(t, "Several sinks and routes")
	t.Setenv("HOME", t.TempDir())
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(r.blocks(t, "yaml")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"CONFIG_FILE": file, "SLACK_BOT_TOKEN": "xoxb-1", "WEBHOOK_SECRET": testWebhookSecret,
		"DINGTALK_WEBHOOK_URL": "https://oapi.dingtalk.com/robot/send?access_token=t", "DINGTALK_SECRET": "SEC1",
	}
	c, err := setup.LoadConfig(func(name string) string { return env[name] }, setup.CommandLine)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := setup.Assemble(c, slog.New(slog.DiscardHandler), io.Discard); err != nil {
		t.Fatal(err)
	}
	target := func(status poller.Status, kind, object string) string {
		e := poller.Event{Task: poller.Task{Key: poller.Key{ObjectType: kind, ObjectPath: object}, Status: status}}
		return fmt.Sprint(c.Routes.Recipients(e))
	}
	for _, tt := range []struct{ got, want string }{ // what the comments in it say
		{target("Failed", "preload", "https://cdn.example.com/vip/a/b.mp4"), "[{ops <!subteam^S0123>}]"},
		{target("Failed", "file", "https://cdn.example.com/vip/a.mp4"), "[{team } {group } {ci } {bus }]"},
		{target("Complete", "file", "https://cdn.example.com/a.mp4"), "[{ci } {bus }]"},
		{target("Failed", "file", "https://cdn.example.com/scratch/a.mp4"), "[]"},
	} {
		if tt.got != tt.want {
			t.Errorf("notified %s, want %s", tt.got, tt.want)
		}
	}
	for _, key := range append(setup.SinkTypes(), "token", "channel", "url", "secret", "on_unknown", "format",
		"match", "status", "object_type", "domain", "path", "to", "mention", "stop") {
		if !regexp.MustCompile(`\b` + key + `\b`).MatchString(string(r)) {
			t.Errorf("%s is not mentioned", key)
		}
	}
}

// The JSON under "Invocation events" is taken, and its fields are all there are.
func TestReadmeRequests(t *testing.T) {
	r := readReadme(t, reference).section(t, "Invocation events")
	for line := range strings.Lines(r.blocks(t, "json")[0]) {
		if _, err := watch.ParseEvent([]byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	var fields []string
	for _, f := range watch.Fields {
		fields = append(fields, f.JSON)
	}
	fields = sortedSet(fields)
	if diff := cmp.Diff(fields, names(r.table(t, 0), 0)); diff != "" {
		t.Errorf("fields of a request (-), in the table (+):\n%s", diff)
	}
	if diff := cmp.Diff(fields, jsonFields(watch.Request{})); diff != "" {
		t.Errorf("fields that are taken (-), of the type (+):\n%s", diff)
	}
}

func TestReadmeReport(t *testing.T) {
	r := readReadme(t, reference).section(t, "The report")
	strict := json.NewDecoder(strings.NewReader(r.blocks(t, "json")[0]))
	strict.DisallowUnknownFields()
	var report watch.Report
	if err := strict.Decode(&report); err != nil {
		t.Fatal(err)
	}
	again, _ := json.Marshal(report)
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(r.blocks(t, "json")[0])); err != nil || compact.String() != string(again) {
		t.Errorf("the report's example\n%s\nwould be\n%s", compact.String(), again)
	}
	if diff := cmp.Diff(jsonFields(report), names(r.table(t, 0), 0)); diff != "" {
		t.Errorf("fields of the report (-), in the table (+):\n%s", diff)
	}
}

// Every command line in them is one the program takes.
func TestReadmeCommands(t *testing.T) {
	n := 0
	for _, m := range regexp.MustCompile(`(?m)(?:^ *\.|bin)/refreshwatch (\w+)([^|>\n]*)`).FindAllStringSubmatch(allText(t), -1) {
		n++
		c, ok := findCommand(m[1])
		if !ok {
			t.Errorf("%s: unknown command", m[0])
			continue
		}
		o, err := parse(c, strings.Fields(m[2]))
		if err == nil && slices.Contains(watch.Actions, m[1]) {
			o.req.Action = m[1]
			err = o.req.Validate()
		}
		if err != nil {
			t.Errorf("%s: %v", m[0], err)
		}
	}
	if n < 16 {
		t.Errorf("only %d command lines were found", n)
	}
}

// The table of commands has each command with its flags, and no other. The flags of
// every run are said below it.
func TestReadmeCommandTable(t *testing.T) {
	rows := readReadme(t, reference).section(t, "Commands").table(t, 0)
	if diff := cmp.Diff(sortedSet(commandNames()), names(rows, 0)); diff != "" {
		t.Errorf("commands (-), in the table (+):\n%s", diff)
	}
	for _, row := range rows {
		c, _ := findCommand(names([][]string{row}, 0)[0])
		var flags []string
		flagsOf(c, &options{}).VisitAll(func(f *flag.Flag) {
			if ofEveryRun := slices.Contains([]string{"timeout", "json", "quiet"}, f.Name); !ofEveryRun || c.name == "preview" {
				flags = append(flags, "-"+f.Name)
			}
		})
		if diff := cmp.Diff(sortedSet(flags), names([][]string{row}, 2)); diff != "" {
			t.Errorf("%s: its flags (-), in the table (+):\n%s", c.name, diff)
		}
	}
}

// Each product is listed with its permission and variables, and no other.
func TestReadmeProducts(t *testing.T) {
	var want [][]string
	for _, p := range aliyun.Products() {
		want = append(want, []string{p.Name, p.Permission(), p.QuotaPermission(), p.QPSVariable(), p.EndpointVariable()})
	}
	for name, title := range map[string]string{operating: "CDN and DCDN", chinese: "CDN 和全站加速（DCDN）"} {
		var listed [][]string
		for _, row := range readReadme(t, name).section(t, title).table(t, 0) {
			var words []string
			for _, m := range code1.FindAllStringSubmatch(strings.Join(row, " "), -1) {
				words = append(words, m[1])
			}
			listed = append(listed, words)
		}
		if diff := cmp.Diff(want, listed); diff != "" {
			t.Errorf("%s: products (-), in the table (+):\n%s", name, diff)
		}
	}
}

// The permissions are those the store uses, and no others.
func TestReadmePolicy(t *testing.T) {
	var policy struct {
		Statement []struct {
			Action   any // one or a list
			Resource string
		}
	}
	if err := json.Unmarshal([]byte(readReadme(t, operating).section(t, "Deploy").blocks(t, "json")[1]), &policy); err != nil {
		t.Fatal(err)
	}
	granted := map[string]string{}
	for _, s := range policy.Statement {
		for _, action := range strings.Fields(strings.Trim(fmt.Sprint(s.Action), "[]")) {
			granted[action] = s.Resource
		}
	}
	used := map[string]string{"vod:DescribeVodRefreshTasks": "*", "vod:DescribeVodRefreshQuota": "*"}
	for _, op := range storeOperations(t) {
		used["oss:"+op] = "acs:oss:*:*:my-bucket/refreshwatch/*"
		if op == "ListObjects" || op == "GetBucketVersioning" {
			used["oss:"+op] = "acs:oss:*:*:my-bucket"
		}
	}
	if diff := cmp.Diff(used, granted); diff != "" {
		t.Errorf("used (-), granted (+):\n%s", diff)
	}
}

// storeOperations is what check and the ticks of a day ask OSS for.
func storeOperations(t *testing.T) []string {
	server, err := checkpointtest.StartOSS()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	store, err := checkpoint.Open(server.Checkpoint("refreshwatch"), checkpoint.Options{Credentials: server.Credentials})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	err = checkpoint.Probe(ctx, store)
	for range 30 {
		var head checkpoint.Doc
		if err == nil {
			head, err = store.Load(ctx)
		}
		if err == nil {
			head, err = store.Swap(ctx, head, []byte("x"))
		}
		if err == nil {
			server.Age(2 * time.Hour)
			err = store.Collect(ctx, head, time.Hour)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	var operations []string
	for _, request := range server.Requests() {
		operations = append(operations, request.Op)
	}
	return sortedSet(operations)
}

// Every code of a failed run is explained, and every log line that is quoted exists.
func TestReadmeTroubles(t *testing.T) {
	r := readReadme(t, reference).section(t, "Troubleshooting")
	file, err := parser.ParseFile(token.NewFileSet(), "../watch/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(v.Names[0].Name, "Code") {
			codes = append(codes, strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
		}
		return true
	})
	if diff := cmp.Diff(sortedSet(codes), names(r.table(t, 0), 0)); diff != "" {
		t.Errorf("codes (-), in the table (+):\n%s", diff)
	}
	program := sources(t)
	for _, section := range []readme{r, readReadme(t, chineseReference).section(t, "故障排查")} {
		for _, m := range regexp.MustCompile(`\*([^*|]{5,})\*`).FindAllStringSubmatch(string(section), -1) {
			if !quotedFrom(program, m[1]) {
				t.Errorf("nothing says %q", m[1])
			}
		}
	}
}
