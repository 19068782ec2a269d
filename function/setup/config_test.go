package setup

import (
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
)

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestLoadConfig(t *testing.T) {
	got, err := LoadConfig(lookup(map[string]string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sec", "ALIBABA_CLOUD_SECURITY_TOKEN": "tok",
		"PRODUCT": "CDN", "CDN_MAX_QPS": "2.5", "VOD_MAX_QPS": "7", "CHECKPOINT": "file:///var/lib/refreshwatch", "FIRST_RUN": "notify", "STALLED_AFTER": "45m",
		"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": " C0OPS ", "SLACK_API_URL": "http://127.0.0.1:1/api/", "WEBHOOK_URL": "https://hooks.example.com/x", "MESSAGE_LANG": "zh",
		"WATCH_DOMAINS": "cdn.example.com, *.example.net", "WATCH_OBJECT_TYPES": "File,regex", "HEARTBEAT_URL": "https://hc.example.com/1", "FEISHU_WEBHOOK_URL": "",
		"GROUP_WAIT": "0", "LABEL": "prod 上海", "CONSOLE_URL": "http://console.intra/vod", "TIME_ZONE": "+08:00", "NOTIFY": "failed", "MENTION": "<!here> <@U1>",
	}), CommandLine)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Key:    Key{ID: "id", Secret: "sec", Token: "tok", From: "the environment"},
		Role:   aliyun.Role{Endpoint: "https://sts.aliyuncs.com"},
		Region: "cn-shanghai", Endpoint: "https://cdn.aliyuncs.com", MaxQPS: 2.5,
		Checkpoint: "file:///var/lib/refreshwatch", NotifyFirst: true, StalledAfter: 45 * time.Minute,
		Scope: poller.Scope{Domains: []string{"cdn.example.com", "*.example.net"}, ObjectTypes: []string{"file", "regex"}},
		Sinks: []SinkConfig{
			{Name: "slack", Type: "slack", Settings: sink.Settings{"token": "xoxb-1", "channel": "C0OPS", "api_url": "http://127.0.0.1:1/api/"}},
			{Name: "webhook", Type: "webhook", Settings: sink.Settings{"url": "https://hooks.example.com/x"}},
		},
		Routes: notifier.Routes{
			{Match: notifier.Match{Status: []string{"Complete", "Canceled"}}, Stop: true},
			{To: []string{"slack"}, Mention: "<!here> <@U1>"},
			{To: []string{"slack", "webhook"}},
		},
		Notify: "failed", Mention: "<!here> <@U1>",
		Lang: "zh", Label: "prod 上海", ConsoleURL: "http://console.intra/vod", Heartbeat: "https://hc.example.com/1",
		Unused: []string{"VOD_MAX_QPS"},
	}
	got.Product.Types = nil
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Config{}, "Product", "TimeZone", "Variables"), cmpopts.IgnoreUnexported(SinkConfig{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Product.Name != "cdn" || got.TimeZone.String() != "+08:00" {
		t.Errorf("product %s, time zone %s", got.Product.Name, got.TimeZone)
	}
}

// oneSlack is a configuration without mistakes, to which a case adds one.
var oneSlack = map[string]string{"CHECKPOINT": "file:///x", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": "C0OPS"}

func with(env map[string]string, name, value string) map[string]string {
	env = maps.Clone(env)
	env[name] = value
	return env
}

// One value of one variable, and what is said about it; "" accepts it.
func TestEveryVariable(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"PRODUCT", "vod ", ""},
		{"PRODUCT", "live", "unknown value \"live\". Known: vod, cdn, dcdn"},
		{"PRODUCT", "dcn", "Did you mean"},
		{"VOD_REGION", "ap-southeast-1", ""},
		{"VOD_REGION", "CN-Shanghai", "Did you mean cn-shanghai?"},
		{"VOD_REGION", "oss-cn-shanghai", "Did you mean cn-shanghai?"},
		{"VOD_REGION", "shanghai", "Write it like cn-shanghai"},
		{"VOD_REGION", "上海", "which no such value has"},
		{"VOD_ENDPOINT", "https://vod-vpc.cn-shanghai.aliyuncs.com", ""},
		{"VOD_ENDPOINT", "vod.cn-shanghai.aliyuncs.com", "https://"},
		{"VOD_ENDPOINT", `"https://vod.cn-shanghai.aliyuncs.com"`, "quotes around"},
		{"VOD_ENDPOINT", "http://vod.example.com", "https"},
		{"VOD_MAX_QPS", "0.5", ""},
		{"VOD_MAX_QPS", "4/s", "not a number"},
		{"VOD_MAX_QPS", "4,5", "not a number"},
		{"VOD_MAX_QPS", "0", "from 0.01 to 1000"},
		{"VOD_MAX_QPS", "0.005", "from 0.01 to 1000"},
		{"VOD_MAX_QPS", "NaN", "from 0.01 to 1000"},
		{"VOD_MAX_QPS", "-1", "from 0.01 to 1000"},
		{"WATCH_ROLE_ARN", "acs:ram::1234567890123456:role/refreshwatch", ""},
		{"WATCH_ROLE_ARN", "refreshwatch", "not the ARN of a RAM role. Write it like acs:ram::"},
		{"WATCH_ROLE_ARN", "acs:ram::1234567890123456:user/ann", "not the ARN of a RAM role"},
		{"WATCH_ROLE_ARN", "arn:aws:iam::1234567890123456:role/x", "not the ARN of a RAM role"},
		{"WATCH_ROLE_ARN", "acs:ram::<account>:role/refreshwatch", "not the ARN of a RAM role"},
		{"WATCH_ROLE_EXTERNAL_ID", "hunter2", "is set without WATCH_ROLE_ARN"},
		{"STS_ENDPOINT", "https://sts-vpc.cn-shanghai.aliyuncs.com", ""},
		{"STS_ENDPOINT", "http://sts.aliyuncs.com", "https"},
		{"FIRST_RUN", "Baseline", ""},
		{"FIRST_RUN", "nofity", "Did you mean notify?"},
		{"FIRST_RUN", "notify,", "comma"},
		{"STALLED_AFTER", "off", ""},
		{"STALLED_AFTER", "2d", ""},
		{"STALLED_AFTER", "45", "has no unit"},
		{"STALLED_AFTER", "soon", "not a duration"},
		{"STALLED_AFTER", "-1h", "not a positive duration"},
		{"STALLED_AFTER", "30分钟", "not a duration"},
		{"STALLED_AFTER", "4d", "less than 72h"},       // can match nothing: the API forgets it first
		{"STALLED_AFTER", "300000d", "not a duration"}, // more than a duration holds
		{"GROUP_WAIT", "0", ""},
		{"GROUP_WAIT", "0s", ""},
		{"GROUP_WAIT", "90s", ""},
		{"GROUP_WAIT", "2", "has no unit"},
		{"GROUP_WAIT", "365d", "less than 24h"},
		{"WATCH_DOMAINS", "*.example.com,视频.example.com", ""},
		{"WATCH_DOMAINS", "https://vod.example.com", `scheme and can match no domain. Did you mean "vod.example.com"?`},
		{"WATCH_DOMAINS", "a.example.com,vod.example.com:8080", "value 2 holds a port"},
		{"WATCH_DOMAINS", ",", "value 1 of the list is empty"},
		{"WATCH_DOMAINS", "a.example.com,", "value 2 of the list is empty"},
		{"WATCH_DOMAINS", "a.example.com，b.example.com", "holds a full-width comma"},
		{"WATCH_DOMAINS", "a.example.com b.example.com", "space"},
		{"WATCH_DOMAINS", `"a.example.com","b.example.com"`, "quotes"},
		{"WATCH_OBJECT_TYPES", "FILE,preload", ""},
		{"WATCH_OBJECT_TYPES", "files", "Did you mean file?"},
		{"WATCH_OBJECT_TYPES", "file,,preload", "value 2 of the list is empty"},
		{"CHECKPOINT", "'file:///x'", "quotes around"},
		{"CHECKPOINT", "file:///a folder/x", ""},
		{"CHECKPOINT", "file:///x\u200b", "U+200B"},
		{"CHECKPOINT", "/var/lib/refreshwatch", "file://"},
		{"CHECKPOINT", "s3://bucket/x", "file"},
		{"SLACK_BOT_TOKEN", `"xoxb-hunter2"`, "quotes around"},
		{"SLACK_BOT_TOKEN", "Bearer xoxb-hunter2", "header"},
		{"SLACK_BOT_TOKEN", "xoxb-hunter2\u200b", "U+200B"},
		{"SLACK_CHANNEL", "#C0OPS", ""},
		{"SLACK_CHANNEL", "<#C0OPS|运维>", ""},
		{"SLACK_CHANNEL", "https://acme.slack.com/archives/C0OPS/p1700000000000000", ""},
		{"SLACK_CHANNEL", "'C0OPS'", "quotes around"},
		{"SLACK_CHANNEL", "C0OPS,C0DEV", "more than one"},
		{"SLACK_CHANNEL", "U0123ABCD", "person"},
		{"SLACK_API_URL", "slack.com/api", "not a URL"},
		{"SLACK_API_URL", "https://slack.com/api/ # default", "comment"},
		{"SLACK_WEBHOOK_URL", "<https://hooks.slack.com/services/hunter2>", "angle bracket"},
		{"SLACK_WEBHOOK_URL", "hooks.slack.com/services/hunter2", "not a URL"},
		{"WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WEBHOOK_URL: is not set, although WEBHOOK_SECRET is"},
		{"WEBHOOK_URL", "https://svc:hunter2@hooks.example.com/", "user name or password"},
		{"DINGTALK_WEBHOOK_URL", "DINGTALK_WEBHOOK_URL=https://oapi.dingtalk.com/robot/send?access_token=hunter2", "variable's name"},
		{"FEISHU_WEBHOOK_URL", "https：//open.feishu.cn/open-apis/bot/v2/hook/hunter2", "U+FF1A"},
		{"WECOM_WEBHOOK_URL", "${WECOM_WEBHOOK_URL}", "reference"},
		{"MESSAGE_LANG", "zh-CN", ""},
		{"MESSAGE_LANG", "zh_CN.UTF-8", ""},
		{"MESSAGE_LANG", "ZH", ""},
		{"MESSAGE_LANG", "en_GB@euro", ""},
		{"MESSAGE_LANG", "cn", "Did you mean zh?"},
		{"MESSAGE_LANG", "中文", "Did you mean zh?"},
		{"MESSAGE_LANG", "fr", "Known: en, zh"},
		{"TIME_ZONE", "+08:00", ""},
		{"TIME_ZONE", "-03:30", ""},
		{"TIME_ZONE", "utc", ""},
		{"TIME_ZONE", "Local", "not a time zone"},
		{"TIME_ZONE", "UTC+8", "Write an offset from UTC: +08:00"},
		{"TIME_ZONE", "+0530", "Write an offset from UTC: +05:30"},
		{"TIME_ZONE", "CST", "+08:00 for China"},
		{"TIME_ZONE", "Asia/Beijing", "+08:00 for China"},
		{"TIME_ZONE", "+25:00", "not a time zone"},
		{"TIME_ZONE", "Europe/Berlim", `"Europe/Berlim" is not a time zone that this system knows`},
		{"TIME_ZONE", "America/Argentina/Buenos_Airas", "/usr/share/zoneinfo is mounted"},
		{"TIME_ZONE", "北京", "Write +08:00"},
		{"VOD_REGION", "上海", "Write cn-shanghai"},
		{"PRODUCT", "点播", "Write vod"},
		{"PRODUCT", "全站加速", "Write dcdn"},
		{"TIME_ZONE", "Asia/hunter2secret", "(not shown"},
		{"TIME_ZONE", "wJalrXUtnFEMI/K7MDENG", "(not shown"},
		{"LABEL", "prod", ""},
		{"LABEL", `"prod"`, "quotes around"},
		{"LABEL", strings.Repeat("上", 61), "at most 60"},
		{"LABEL", "prod\x1b[31m", "U+001B"},
		{"CONSOLE_URL", "console.example.com", "not a URL"},
		{"CONSOLE_URL", "javascript:alert(1)", "not a URL"},
		{"CONSOLE_URL", "https://me:hunter2@console.example.com", "user name or password"},
		{"NOTIFY", "failed", ""},
		{"NOTIFY", "fail", "Did you mean failed?"},
		{"MENTION", "<!subteam^S0123|ops>", ""},
		{"MENTION", "@here", "Write <!here>"},
		{"MENTION", "<at id=all></at>", "no mention on Slack"},
		{"MENTION", "ops team", "mentions nobody on Slack"},
		{"TEMPLATE_DIR", "~/templates", "only a shell"},
		{"TEMPLATE_DIR", "file:///templates", "is a URL"},
		{"HEARTBEAT_URL", "hc-ping.com/hunter2", "not a URL"},
		{"HEARTBEAT_URL", "https://hc.example.com:443/hunter2", ""},
		{"HEARTBEAT_URL", "https://hc.example.com:0/hunter2", "a port that cannot exist"},
		{"VOD_ENDPOINT", "http://127.0.0.1:65536", "a port that cannot exist"},
		{"STS_ENDPOINT", "https://sts.aliyuncs.com:99999", "a port that cannot exist"},
		{"HEARTBEAT_URL", "https://100.100.100.200/hunter2", "leads to a link-local or metadata address"},
		{"HEARTBEAT_URL", "https://[fe80::1]/hunter2", "leads to a link-local or metadata address"},
		{"HEARTBEAT_URL", "http://hc.example.com/hunter2", "https"},
		{"LOG_LEVEL", "DEBUG", ""},
		{"ALLOW_EVENTS", "all", ""},
		{"ALLOW_EVENTS", "poll, Backfill", ""},
		{"ALLOW_EVENTS", "poll,pool", `unknown value "pool". Did you mean poll?`},
		{"ALLOW_EVENTS", "all,poll", "all stands beside other words"},
		{"ALLOW_EVENTS", ",", "value 1 of the list is empty"},
		{"LOG_LEVEL", "verbose", "Known: info, debug, warn, error"},
		{"LOG_LEVEL", "SEC0123456789hunter2", "not shown"},
		{"CONFIG_FILE", "~/refreshwatch.yaml", "only a shell"},
		{"CONFIG_FILE", "/does/not/exist.yaml", "does not exist"},
		{"CONFIG_FILE", "/", "is a folder"},
		{"CONFIG_FILE", "/dev/null", "not a regular file"},
		{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "LTAIhunter2", "the id of an access key"},
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.hunter2", "ALIBABA_CLOUD_SECURITY_TOKEN: is not set"},
		{"ALIBABA_CLOUD_SECURITY_TOKEN", "…", "placeholder"},
	} {
		_, err := Configure(lookup(with(oneSlack, c.name, c.value)), CommandLine, silent, io.Discard)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s=%q is refused: %v", c.name, c.value, err)
		case c.want == "":
		case err == nil:
			t.Errorf("%s=%q passes", c.name, c.value)
		case !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), strings.SplitN(c.want, ":", 2)[0]) && !strings.Contains(err.Error(), c.name+": "):
			t.Errorf("%s=%q: %v\nwant %q", c.name, c.value, err, c.want)
		case strings.Contains(strings.ToLower(err.Error()), "hunter2"):
			t.Errorf("%s=%q: repeats a secret: %v", c.name, c.value, err)
		case watch.Code(err) != watch.CodeConfig:
			t.Errorf("%s=%q: code %s", c.name, c.value, watch.Code(err))
		case len(poller.Mistakes(err)) != 1 && c.name != "CONFIG_FILE":
			t.Errorf("%s=%q: one mistake, and %d lines:\n%v", c.name, c.value, len(poller.Mistakes(err)), err)
		}
	}
}

func silent(slog.Level) *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestMentionNeedsOneChat(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"WEBHOOK_URL": "https://h.example.com/"}, "without a chat sink"},
		{map[string]string{"SLACK_WEBHOOK_URL": "https://h.example.com/", "WECOM_WEBHOOK_URL": "https://h.example.com/?key=1"}, "goes with one chat sink, and there are 2"},
		{map[string]string{"CONFIG_FILE": writeConfig(t, "sinks: {a: {type: slack-webhook, url: https://h.example.com/x}}")}, "has no effect with CONFIG_FILE"},
		{map[string]string{"SLACK_WEBHOOK_URL": "https://h.example.com/", "WEBHOOK_URL": "https://h.example.com/"}, ""},
	} {
		_, err := LoadConfig(lookup(with(with(c.env, "MENTION", "<!here>"), "CHECKPOINT", "file:///x")), CommandLine)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "MENTION: ") || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.env, err, c.want)
		}
	}
}

func TestLoadConfigReportsEveryMistake(t *testing.T) {
	_, err := LoadConfig(lookup(map[string]string{
		"FIRST_RUN": "nofity", "STALLED_AFTER": "soon",
		"WEBHOOK_SECRET": "whsec_hidden", "DINGTALK_SECRET": "SEC-hidden", "SLACK_CHANNEL": "C1", "WECOM_WEBHOOK_URL": "not-a-url-hidden",
		"MESSAGE_LANG": "fr", "LOG_LEVEL": "loud", "WATCH_OBJECT_TYPES": "files",
	}), FunctionCompute)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"FIRST_RUN: ", "STALLED_AFTER: ", "\nWEBHOOK_URL: is not set", "DINGTALK_WEBHOOK_URL: is not set", "SLACK_BOT_TOKEN: is not set, although SLACK_CHANNEL is",
		"WECOM_WEBHOOK_URL: ", "MESSAGE_LANG: ", "LOG_LEVEL: ", "CHECKPOINT: must be set on Function Compute", "WATCH_OBJECT_TYPES: ",
	} {
		if strings.Count(err.Error(), want) != 1 {
			t.Errorf("%q does not stand once in the error", want)
		}
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("the error holds a secret: %v", err)
	}
	if t.Failed() {
		t.Log(err)
	}
}

// Whoever finds a mistake, the reader of variables or the part that is to work with
// them, all are reported at once, and each once.
func TestConfigureReportsEverythingTogether(t *testing.T) {
	w, err := Configure(lookup(map[string]string{
		"VOD_MAX_QPS": "fast", "VOD_ENDPOINT": "http://vod.example.com", "CHECKPOINT": "oss://bucket/prefix", "TEMPLATE_DIR": "/does/not/exist",
		"WEBHOOK_URL": "https://hooks.example.com/x", "WEBHOOK_SECRET": "no-prefix", "HEARTBEAT_URL": "https://hc.example.com/1",
	}), FunctionCompute, silent, io.Discard)
	if watch.Code(err) != watch.CodeConfig {
		t.Fatalf("error %v", err)
	}
	for _, name := range []string{"VOD_MAX_QPS", "VOD_ENDPOINT", "CHECKPOINT", "TEMPLATE_DIR", "WEBHOOK_SECRET"} {
		if got := strings.Count(err.Error(), name); got != 1 {
			t.Errorf("%s is named %d times in:\n%v", name, got, err)
		}
	}
	if w.Config.Heartbeat == "" {
		t.Error("the monitor cannot hear of it: its URL is lost")
	}
	path := writeConfig(t, "sinks:\n  a: {type: webhook, url: https://h/x, secret: one}\n  b: {type: webhook, url: https://h/y, secret: two}\n")
	_, err = Configure(lookup(map[string]string{"CONFIG_FILE": path, "CHECKPOINT": "file:///x"}), FunctionCompute, silent, nil)
	for _, sink := range []string{"sink a: secret", "sink b: secret"} {
		if err == nil || strings.Count(err.Error(), sink) != 1 {
			t.Errorf("the mistake of %s does not stand once in:\n%v", sink, err)
		}
	}
	_, err = Configure(lookup(nil), FunctionCompute, silent, nil)
	for _, part := range []string{"CHECKPOINT: must be set", "no sink is configured. Set SLACK_BOT_TOKEN and SLACK_CHANNEL, or SLACK_WEBHOOK_URL, or WEBHOOK_URL"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("with nothing set, %q is missing in:\n%v", part, err)
		}
	}
}

// A laptop's state is kept apart by product and by key: another account's tasks must not
// meet this one's history.
func TestDefaultCheckpoint(t *testing.T) {
	load := func(set map[string]string) string {
		c, err := LoadConfig(func(name string) string { return set[name] }, CommandLine)
		if err != nil {
			t.Fatal(err)
		}
		return c.Checkpoint
	}
	state := t.TempDir()
	with := func(product, id, token string) map[string]string {
		return map[string]string{"XDG_STATE_HOME": state, "PRODUCT": product, "ALIBABA_CLOUD_ACCESS_KEY_ID": id,
			"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "Abcdefghijklmnopqrstuvwx123456", "ALIBABA_CLOUD_SECURITY_TOKEN": token}
	}
	a, b := load(with("vod", "LTAI5tAAAAAAAAAAAAAAAAAA", "")), load(with("vod", "LTAI5tBBBBBBBBBBBBBBBBBB", ""))
	cdn := load(with("cdn", "LTAI5tAAAAAAAAAAAAAAAAAA", ""))
	if a == b || a == cdn || a != load(with("vod", "LTAI5tAAAAAAAAAAAAAAAAAA", "")) || strings.Contains(a, "LTAI") {
		t.Errorf("key A %s, key B %s, key A for cdn %s: want three folders that name no key", a, b, cdn)
	}
	first, second := load(with("vod", "STS.NUAAAAAAAAAAAAAAAA", "CAISfirst")), load(with("vod", "STS.NUBBBBBBBBBBBBBBBB", "CAISsecond"))
	if first != second {
		t.Errorf("temporary keys: %s and %s, want one folder", first, second)
	}
	// The first release had one folder for everything.
	if err := os.MkdirAll(filepath.Join(state, "refreshwatch"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(state, "refreshwatch", "00000000000000000001"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := load(with("vod", "LTAI5tAAAAAAAAAAAAAAAAAA", "")); !strings.HasSuffix(got, "/refreshwatch") {
		t.Errorf("with a folder of the first release: %s, want that one", got)
	}
}

// Whose tasks are watched is known by the account of a role, else by the one that Function
// Compute names, else by a long-lived key. A temporary key is another one every hour: taken for
// an identity, it would make every run record what has finished without a notification.
func TestOrigin(t *testing.T) {
	vod, _ := aliyun.ProductNamed("vod")
	cdn, _ := aliyun.ProductNamed("cdn")
	role := aliyun.Role{ARN: "acs:ram::123:role/reader"}
	for name, tt := range map[string]struct {
		config Config
		want   watch.Origin
	}{
		"a long-lived key":         {Config{Product: vod, Region: "cn-shanghai", Key: Key{ID: "LTAI1", Secret: "x"}}, watch.Origin{Product: "vod", Region: "cn-shanghai", KeyID: "LTAI1"}},
		"a temporary key":          {Config{Product: vod, Region: "cn-shanghai", Key: Key{ID: "STS.1", Secret: "x", Token: "t"}}, watch.Origin{Product: "vod", Region: "cn-shanghai"}},
		"Function Compute's":       {Config{Product: vod, Region: "cn-shanghai", Key: Key{ID: "STS.1", Secret: "x", Token: "t", Account: "9"}}, watch.Origin{Product: "vod", Region: "cn-shanghai", Account: "9"}},
		"a role, not who takes it": {Config{Product: vod, Region: "cn-shanghai", Role: role, Key: Key{ID: "STS.1", Secret: "x", Account: "9"}}, watch.Origin{Product: "vod", Region: "cn-shanghai", Account: "123"}},
		"a profile's last role":    {Config{Product: vod, Region: "cn-shanghai", Profile: Profile{Roles: []aliyun.Role{{ARN: "acs:ram::7:role/a"}, role}}, Key: Key{ID: "LTAI1", Secret: "x"}}, watch.Origin{Product: "vod", Region: "cn-shanghai", Account: "123"}},
		"a product of no region":   {Config{Product: cdn, Region: "cn-shanghai", Key: Key{ID: "LTAI1", Secret: "x"}}, watch.Origin{Product: "cdn", KeyID: "LTAI1"}},
	} {
		keys := &Keyring{}
		keys.Use(tt.config.Key)
		if diff := cmp.Diff(tt.want, (&Program{Config: tt.config, Keys: keys}).origin()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
