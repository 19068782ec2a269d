package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "refreshwatch.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fromFile reads a CONFIG_FILE with a few variables set beside it.
func fromFile(t *testing.T, text string) (Config, error) {
	t.Helper()
	return LoadConfig(lookup(map[string]string{
		"CONFIG_FILE": writeConfig(t, text), "CHECKPOINT": "file:///x",
		"SLACK_BOT_TOKEN": "xoxb-hunter2", "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "HOST": "h.example.com", "QUOTED": `"hunter2"`,
		"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/hunter2",
	}), FunctionCompute)
}

func TestConfigFile(t *testing.T) {
	got, err := fromFile(t, `
sinks:
  ops:  {type: slack, token: "${SLACK_BOT_TOKEN}", channel: C0OPS}
  hook: {type: webhook, url: "https://${HOST}/x", secret: "${WEBHOOK_SECRET}", on_unknown: drop, format: cloudevents}
routes:
  - match: {status: [Failed], object_type: [preload], domain: ["*.example.com"], path: ["/vip/*"]}
    to: [ops]
    mention: "<!subteam^S0123>"
    stop: true
  - to: [hook]
`)
	if err != nil {
		t.Fatal(err)
	}
	wantSinks := []SinkConfig{
		{Name: "ops", Type: "slack", Settings: sink.Settings{"token": "xoxb-hunter2", "channel": "C0OPS"}, FromFile: true, OnUnknown: "resend"},
		{Name: "hook", Type: "webhook", Settings: sink.Settings{"url": "https://h.example.com/x", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "format": "cloudevents"}, FromFile: true, OnUnknown: "drop"},
	}
	wantRoutes := notifier.Routes{
		{Match: notifier.Match{Status: []string{"Failed"}, ObjectType: []string{"preload"}, Domain: []string{"*.example.com"}, Path: []string{"/vip/*"}},
			To: []string{"ops"}, Mention: "<!subteam^S0123>", Stop: true},
		{To: []string{"hook"}},
	}
	if diff := cmp.Diff(wantSinks, got.Sinks, cmpopts.IgnoreUnexported(SinkConfig{})) + cmp.Diff(wantRoutes, got.Routes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"SLACK_WEBHOOK_URL"}, got.Unused); diff != "" {
		t.Errorf("variables without effect (-want +got):\n%s", diff)
	}
}

// What loaders elsewhere take is read, and means the same.
func TestConfigFileInManySpellings(t *testing.T) {
	plain := "sinks:\n  ops: {type: webhook, url: https://h.example.com/x}\nroutes:\n  - match: {status: Failed}\n    to: ops\n"
	want, err := fromFile(t, plain)
	if err != nil {
		t.Fatal(err)
	}
	utf16LE := func(s string) string {
		b := []byte{0xFF, 0xFE}
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"JSON":               `{"sinks": {"ops": {"type": "webhook", "url": "https://h.example.com/x"}}, "routes": [{"match": {"status": ["Failed"]}, "to": ["ops"]}]}`,
		"byte-order mark":    "\ufeff" + plain,
		"UTF-16":             utf16LE(plain),
		"Windows":            strings.ReplaceAll(plain, "\n", "\r\n"),
		"document marker":    "---\n# a comment\n" + plain + "...\n",
		"author's keys":      "x-note: whatever ${THIS:-means}\n" + plain,
		"merge":              "x-base: &base {type: webhook, on_unknown: resend}\nsinks:\n  ops:\n    <<: *base\n    url: https://h.example.com/x\nroutes:\n  - {match: {status: [Failed]}, to: [ops]}\n",
		"merge list":         "x-a: &a {type: wecom}\nx-b: &b {url: https://h.example.com/x, type: feishu}\nsinks:\n  ops:\n    <<: [*b, *a]\n    type: webhook\nroutes:\n  - {match: {status: [Failed]}, to: [ops]}\n",
		"alias of a list":    "x-to: &to [ops]\nsinks:\n  ops: {type: webhook, url: https://h.example.com/x}\nroutes:\n  - match: {status: [Failed]}\n    to: *to\n",
		"folded text":        "sinks:\n  ops:\n    type: webhook\n    url: >\n      https://h.example.com/x\nroutes:\n  - {match: {status: [!!str Failed]}, to: [ops]}\n",
		"status in small":    "sinks:\n  ops: {type: Webhook, url: https://h.example.com/x}\nroutes:\n  - {match: {status: [failed]}, to: [ops]}\n",
		"quotes of all sort": "sinks:\n  'ops': {\"type\": 'webhook', url: \"https://h.example.com/x\"}\nroutes:\n  - {match: {status: ['Failed']}, to: ['ops']}\n",
	} {
		got, err := fromFile(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want.Sinks, got.Sinks, cmpopts.IgnoreUnexported(SinkConfig{})) + cmp.Diff(want.Routes, got.Routes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

const oneSink = "sinks:\n  ops: {type: slack-webhook, url: https://h.example.com/x}\n"

func TestConfigFileMistakes(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want string // several are separated by |
	}{
		"empty":                    {"", "CONFIG_FILE: is empty"},
		"comments only":            {"# nothing\n", "CONFIG_FILE: is empty"},
		"a word":                   {"sinks", "the file must hold keys and values"},
		"no sinks":                 {"routes:\n  - to: [a]", "names no sink"},
		"sinks of nothing":         {"sinks:\n", "line 1, column 7: sinks is empty"},
		"sinks empty":              {"sinks: {}\n", "line 1, column 8: sinks names no sink"},
		"unknown keys":             {"sinks:\n  a: {type: wecom, url: https://h/x, urll: C1}\nroute: []", `line 2, column 38: unknown key "urll" in sink a, a sink of type wecom. Did you mean url?|line 3, column 1: unknown key "route" in the file. Did you mean routes?`},
		"unknown type":             {"sinks:\n  a: {type: slak}", `line 2, column 7: sink a: unknown type "slak". Did you mean slack?`},
		"no sink to name":          {"sinks: {}\nroutes:\n  - to: [ops]", "line 1, column 8: sinks names no sink|!unknown sink"},
		"no type":                  {"sinks:\n  a: {url: https://h/x}", "line 2, column 3: sink a has no type"},
		"missing field":            {"sinks:\n  a: {type: slack, token: x}", "sink a: a sink of type slack needs channel"},
		"field of others":          {"sinks:\n  a: {type: wecom, url: https://h/x, secret: s}", `unknown key "secret" in sink a, a sink of type wecom`},
		"field of the environment": {"sinks:\n  a: {type: slack, token: x, channel: C1, api_url: https://h/x}", `unknown key "api_url"`},
		"unset variable":           {"sinks:\n  a: {type: wecom, url: \"${NOPE}\"}", "line 2, column 25: sink a: url: the variable NOPE is not set"},
		"plain http":               {"sinks:\n  a: {type: wecom, url: http://h/x}", "sink a: url: http is accepted for loopback only"},
		"odd value":                {"sinks:\n  a: {type: wecom, url: \"https://h.example.com/hunter2\u200b\"}", "sink a: url: holds an invisible character (U+200B)"},
		"odd variable":             {"sinks:\n  a: {type: webhook, url: https://h/x, secret: \"${QUOTED}\"}", "line 2, column 48: sink a: secret: still has quotes around it"},
		"sink name":                {"sinks:\n  a b: {type: wecom, url: https://h/x}", "line 2, column 3: a sink's name holds a character"},
		"sink name of a reference": {"sinks:\n  ${HUNTER2:-hunter2}: {type: wecom, url: https://h/x}", "a sink's name holds a character"},
		"twice":                    {"sinks:\n  a: {type: wecom, url: https://h/x}\n  a: {type: wecom, url: https://h/y}", `line 3, column 3: key "a" is given more than once in sinks`},
		"bad choice":               {"sinks:\n  a: {type: wecom, url: https://h/x, on_unknown: retry}", `on_unknown: unknown value "retry". Known: resend, drop`},
		"several at once":          {"sinks:\n  a: {type: slak}\n  b: {type: wecom}", "slak|sink b: a sink of type wecom needs url"},
		"list for value":           {"sinks:\n  a: {type: wecom, url: [https://h/x]}", "url must be a single value"},
		"no space":                 {"sinks:\n  a: {type:wecom}", "line 2, column 3: sink a has no type|Is there a space after each colon?"},
		"directive":                {"%YAML 1.2\n---\nsinks: {}", "line 1, column 1: begins with a directive"},

		"unknown sink":    {oneSink + "routes:\n  - to: [opps]", `line 4, column 10: to: unknown sink "opps". Did you mean ops?`},
		"unknown status":  {oneSink + "routes:\n  - {match: {status: [Faild]}, to: [ops]}", `status: unknown value "Faild". Did you mean Failed?`},
		"no target":       {oneSink + "routes:\n  - match: {status: [Failed]}", "a route needs to"},
		"routes empty":    {oneSink + "routes: []", "line 3, column 9: routes is empty: nothing would be notified"},
		"routes nothing":  {oneSink + "routes:\n", "routes is empty"},
		"routes mapping":  {oneSink + "routes: {to: [ops]}", "routes must be a list"},
		"domain nothing":  {oneSink + "routes:\n  - match:\n      domain:\n    to: [ops]", "line 5, column 14: domain is empty"},
		"domain empty":    {oneSink + "routes:\n  - {match: {domain: []}, to: [ops]}", "line 4, column 22: domain is an empty list"},
		"domain of blank": {oneSink + "routes:\n  - {match: {domain: [a.example.com, \"\"]}, to: [ops]}", "line 4, column 38: domain is empty"},
		"domain of null":  {oneSink + "routes:\n  - {match: {domain: [~]}, to: [ops]}", "domain is empty"},
		"domain URL":      {oneSink + "routes:\n  - {match: {domain: [\"https://vod.example.com\"]}, to: [ops]}", `line 4, column 23: domain: begins with a scheme and can match no domain. Did you mean "vod.example.com"?`},
		"path relative":   {oneSink + "routes:\n  - {match: {path: [vip/*]}, to: [ops]}", "path: does not begin with / and can match no path"},
		"match nothing":   {oneSink + "routes:\n  - match:\n    to: [ops]", "match is empty. Leave it out"},
		"match braces":    {oneSink + "routes:\n  - {match: {}, to: [ops]}", "match is empty"},
		"to nothing":      {oneSink + "routes:\n  - to:\n", "to is empty"},
		"to empty":        {oneSink + "routes:\n  - {to: [], stop: true}", "to is an empty list"},
		"mention nothing": {oneSink + "routes:\n  - {to: [ops], mention: }", "mention is empty"},
		"mention foreign": {oneSink + "routes:\n  - {to: [ops], mention: \"<at id=all></at>\"}", "sink ops: holds what is no mention on Slack"},
		"mention nobody":  {"sinks:\n  hook: {type: webhook, url: https://h/x}\nroutes:\n  - {to: [hook], mention: \"<!here>\"}", "no sink of this route can mention anybody"},
		"stop":            {oneSink + "routes:\n  - {to: [ops], stop: yes please}", "stop must be true or false"},
		"never reached":   {oneSink + "routes:\n  - {to: [ops], stop: true}\n  - {to: [ops]}", "line 5, column 5: this route is never reached"},

		"default":        {"sinks:\n  a: {type: wecom, url: \"${HOOK:-https://h.example.com/hunter2}\"}", "line 2, column 25: sink a: url: holds a $ that is no ${NAME}"},
		"default dash":   {"sinks:\n  a: {type: wecom, url: \"${HOOK-hunter2}\"}", "no ${NAME}"},
		"error form":     {"sinks:\n  a: {type: wecom, url: \"${HOOK:?hunter2}\"}", "no ${NAME}"},
		"spaces in it":   {"sinks:\n  a: {type: wecom, url: \"${ HOST }\"}", "no ${NAME}"},
		"not closed":     {"sinks:\n  a: {type: wecom, url: \"https://${hunter2\"}", "no ${NAME}"},
		"without braces": {"sinks:\n  a: {type: wecom, url: $HUNTER2}", "no ${NAME}"},
		"command":        {"sinks:\n  a: {type: wecom, url: $(cat hunter2)}", "no ${NAME}"},
		"nested":         {"sinks:\n  a: {type: wecom, url: \"${${HUNTER2}}\"}", "no ${NAME}"},
		"empty name":     {"sinks:\n  a: {type: wecom, url: \"${}\"}", "no ${NAME}"},
		"digit name":     {"sinks:\n  a: {type: wecom, url: \"${1HUNTER2}\"}", "no ${NAME}"},
		"Chinese name":   {"sinks:\n  a: {type: wecom, url: \"${令牌hunter2}\"}", "no ${NAME}"},

		"star":                {oneSink + "routes:\n  - match: {domain: *.example.com}\n    to: [ops]", `line 4, column 21: a value begins with *, which stands for an alias. Put the value in quotes`},
		"star in a list":      {oneSink + "routes:\n  - match:\n      domain:\n        - *vod*\n    to: [ops]", "line 6, column 11: a value begins with *"},
		"unknown alias":       {oneSink + "routes:\n  - to: *ops", "line 4, column 9: a value begins with *"},
		"at":                  {oneSink + "routes:\n  - to: [ops]\n    mention: @here", "line 5, column 14: a value begins with @. Put the value in quotes"},
		"hash":                {"sinks:\n  a:\n    type: slack\n    token: xoxb-1\n    channel: #ops", "line 5, column 13: sink a: channel is empty. Write the value; one that begins with # needs quotes"},
		"reference in braces": {"sinks:\n  a: {type: wecom, url: ${HOOK}}", "line 2, column 25: a value in brackets begins with ${. Put the value in quotes"},
		"list of sinks":       {"sinks:\n  - {name: a, type: wecom}", "line 2, column 3: sinks is a list, and must hold keys and values. Write key: value"},
		"not indented":        {"sinks:\n  a:\n  type: wecom\n  url: https://h/x", "line 2, column 5: sink a is empty. Write its keys below it|line 3, column 9: sink type must hold"},
		"another platform's":  {"sinks:\n  a: {type: feishu, url: \"https://oapi.dingtalk.com/robot/send?access_token=hunter2\"}", "line 2, column 26: sink a: url: this URL belongs to DingTalk"},
		"hash in braces":      {"sinks:\n  a: {type: slack, token: xoxb-1, channel: #ops}", "line 2, column 44: a value begins with #, which begins a comment. Put the value in quotes"},
		"comment and tab":     {"sinks: # all\n\ta: {}", "line 2, column 1: a tab"},
		"percent":             {"sinks:\n  a: {type: wecom, url: %HUNTER2%}", "a value begins with %"},
		"tab":                 {"sinks:\n\ta: {type: wecom, url: https://h/x}", "line 2, column 1: a tab indents this line. Indent with spaces"},
		"open bracket":        {"sinks: [", "line 1, column 1: is not YAML from here on"},
		"open quote":          {oneSink + "routes:\n  - to: [\"ops]", "is not YAML from here on"},
		"colon in text":       {"sinks:\n  a:\n    type: wecom\n    url: note: hunter2", "is not YAML from here on"},
		"two documents":       {oneSink + "---\nroutes: []\n", "line 3, column 1: begins a second document"},
		"own tag":             {"sinks:\n  a: {type: wecom, url: !vault hunter2}", "has a tag (!…) that means nothing here"},
		"binary":              {"sinks:\n  a: {type: wecom, url: !!binary aHVudGVyMg==}", "has a tag"},
		"complex key":         {"sinks:\n  ? [a, b]\n  : {type: wecom}", "a key in sinks is not a single word"},
		"merge of text":       {"sinks:\n  a: {<<: hunter2, type: wecom, url: https://h/x}", "must hold keys and values"},
		"merge of itself":     {"sinks:\n  a: &a\n    <<: [*a, *a]\n    type: wecom\n    url: https://h/x", "too many merge keys"},
		"GBK":                 {"sinks:\n  a: {type: wecom, url: https://h/x} # \xca\xd3\xc6\xb5", "line 2, column 40: holds bytes that are not UTF-8"},
		"UTF-16 without mark": {"s\x00i\x00n\x00k\x00s\x00:\x00", "CONFIG_FILE: is not UTF-8"},
		"control":             {"sinks:\n  a: {type: wecom, url: https://h/x\x01}", "line 2, column 36: holds a control character"},
		"curly quotes":        {"sinks:\n  a: {type: wecom, url: “https://h.example.com/hunter2”}", "still has quotes around it"},
		"env file":            {"SLACK_BOT_TOKEN=xoxb-hunter2\n", "the file must hold keys and values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fromFile(t, tt.text)
			if err == nil {
				t.Fatal("passes")
			}
			for want := range strings.SplitSeq(tt.want, "|") {
				if never, ok := strings.CutPrefix(want, "!"); ok && strings.Contains(err.Error(), never) {
					t.Errorf("error %v\nholds %q", err, never)
				} else if !ok && !strings.Contains(err.Error(), want) {
					t.Errorf("error %v\nlacks %q", err, want)
				}
			}
			for _, never := range []string{"hunter2", "yaml", "anchor", "mapping values", "cannot unmarshal"} {
				if strings.Contains(strings.ToLower(err.Error()), never) && never != "yaml" || strings.Contains(err.Error(), "yaml:") {
					t.Errorf("error %v\nholds %q", err, never)
				}
			}
			if !strings.Contains(err.Error(), "CONFIG_FILE") {
				t.Errorf("error %v\nnames no setting", err)
			}
		})
	}
}
