package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"refreshwatch/function/cli"
	"refreshwatch/function/setup"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun/apitest"
)

// The values that must not show up anywhere, by the variable that holds them. Of
// the receivers' URLs it is what follows the host.
var secrets = map[string]string{
	"ALIBABA_CLOUD_ACCESS_KEY_ID":     "LTAI5tKeyIdSecret01",
	"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "AkSecret+02/needs=escaping&",
	"ALIBABA_CLOUD_SECURITY_TOKEN":    "CAIStoken+03/needs=escaping&",
	"SLACK_BOT_TOKEN":                 "xoxb-0040040040-0040040040-bottokensecret",
	"SLACK_WEBHOOK_URL":               "T05/B05/slackhooksecret05",
	"WEBHOOK_URL":                     "webhookpathsecret06",
	"WEBHOOK_SECRET":                  "whsec_c2VjcmV0MDctc2VjcmV0MDctc2VjcmV0MDctc2VjcmV0MDc=",
	"DINGTALK_WEBHOOK_URL":            "dingaccesstokensecret08",
	"DINGTALK_SECRET":                 "SECdingtalksigningsecret09",
	"FEISHU_WEBHOOK_URL":              "feishuhooksecret10",
	"FEISHU_SECRET":                   "feishusigningsecret11",
	"WECOM_WEBHOOK_URL":               "wecomkeysecret12",
	"TEAMS_WEBHOOK_URL":               "teamssigsecret15",
	"DISCORD_WEBHOOK_URL":             "discordtokensecret16",
	"HEARTBEAT_URL":                   "heartbeatuuidsecret13",
	"WATCH_ROLE_EXTERNAL_ID":          "externalidsecret15",
}

// watchedRole lists the tasks, unless an exposure goes without it.
const watchedRole = "acs:ram::1234567890123456:role/refreshwatch"

// profile is a config.json of the aliyun CLI with these keys in it.
func profile(mode string) string {
	text, _ := json.Marshal(map[string]any{"current": "prod", "profiles": []map[string]string{{
		"name": "prod", "mode": mode, "access_key_id": secrets["ALIBABA_CLOUD_ACCESS_KEY_ID"], "access_key_secret": secrets["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
		"sts_token": secrets["ALIBABA_CLOUD_SECURITY_TOKEN"], "ram_role_arn": watchedRole, "external_id": secrets["WATCH_ROLE_EXTERNAL_ID"],
	}}})
	return string(text)
}

// objectSecret is a login in an object's URL: chats never see it, while machines
// and the checkpoint keep the URL as it is.
const objectSecret = "1700000000-0-0-objectauthkey14"

// writtenAs are the ways a secret may be written in something that is searched.
func writtenAs(secret string) []string {
	quoted, _ := json.Marshal(secret)
	ways := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), url.QueryEscape(url.QueryEscape(secret)),
		strings.Trim(string(quoted), `"`), hex.EncodeToString([]byte(secret)),
	}
	for shift := range 3 { // base64 of anything that holds it
		padded := strings.Repeat("-", shift) + secret
		padded = padded[:len(padded)-len(padded)%3]
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			ways = append(ways, e.EncodeToString([]byte(padded))[4*min(shift, 1):])
		}
	}
	if key, ok := strings.CutPrefix(secret, "whsec_"); ok {
		raw, _ := base64.StdEncoding.DecodeString(key)
		ways = append(ways, key, string(raw))
	}
	return ways
}

// spy is every receiver at once. It takes what comes, and answers as set.
type spy struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, everything string) // nil accepts
	mu     sync.Mutex
	bodies map[string]string // by the first part of the path
}

func newSpy(t *testing.T) *spy {
	s := &spy{bodies: map[string]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		sink := strings.Split(r.URL.Path, "/")[1]
		s.bodies[sink] += string(body) + "\n"
		s.mu.Unlock()
		if s.answer != nil {
			s.answer(w, r, fmt.Sprint(r.URL, r.Header, string(body), slices.Collect(maps.Values(secrets))))
			return
		}
		if sink == "slackhook" {
			io.WriteString(w, "ok")
			return
		}
		io.WriteString(w, `{"ok":true,"channel":"C0OPS","ts":"1.2","errcode":0,"errmsg":"ok","code":0,"msg":"success"}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// echo answers with all it was sent, where each receiver would put its own words.
func echo(status int) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, everything string) {
		w.Header().Set("Location", "https://elsewhere.example.com/?"+url.QueryEscape(everything))
		w.Header().Set("Retry-After", "1 "+secrets["SLACK_BOT_TOKEN"])
		w.Header().Set("X-Oauth-Scopes", "chat:write")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{
			"ok": false, "error": everything, "needed": everything, "errcode": 310000, "errmsg": everything, "code": 19021, "msg": everything,
		})
	}
}

// exposure is one configuration in one bad world.
type exposure struct {
	name   string
	api    []apitest.Fault
	answer func(http.ResponseWriter, *http.Request, string)
	env    map[string]string // changes, with $S for the spy's address
	file   string            // CONFIG_FILE
	cli    string            // the aliyun CLI's config.json, instead of a key and a role in the environment
}

func exposures() []exposure {
	all := strings.Join(slices.Collect(maps.Values(secrets)), " ")
	sent := fmt.Sprint(secrets["ALIBABA_CLOUD_ACCESS_KEY_ID"], " ", secrets["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], " ", secrets["ALIBABA_CLOUD_SECURITY_TOKEN"]) // to the API; it knows no others
	list := []exposure{
		{name: "all is well"},
		{name: "the API quotes everything", api: []apitest.Fault{apitest.Refused(400, "SignatureDoesNotMatch", "server string to sign is: "+all+" "+url.QueryEscape(all), poller.Denied)}},
		{name: "the API's code is a quote", api: []apitest.Fault{apitest.Refused(403, secrets["ALIBABA_CLOUD_ACCESS_KEY_ID"], sent, poller.Denied)}},
		{name: "the API is not there", env: map[string]string{"VOD_ENDPOINT": "http://127.0.0.1:1"}},
		{name: "nobody is there", env: map[string]string{
			"SLACK_API_URL": "http://127.0.0.1:1/slack/", "SLACK_WEBHOOK_URL": "http://127.0.0.1:1/" + secrets["SLACK_WEBHOOK_URL"],
			"WEBHOOK_URL": "http://127.0.0.1:1/" + secrets["WEBHOOK_URL"], "HEARTBEAT_URL": "http://127.0.0.1:1/" + secrets["HEARTBEAT_URL"],
			"DINGTALK_WEBHOOK_URL": "http://127.0.0.1:1/?access_token=" + secrets["DINGTALK_WEBHOOK_URL"],
			"FEISHU_WEBHOOK_URL":   "http://127.0.0.1:1/" + secrets["FEISHU_WEBHOOK_URL"],
			"WECOM_WEBHOOK_URL":    "http://127.0.0.1:1/?key=" + secrets["WECOM_WEBHOOK_URL"],
			"TEAMS_WEBHOOK_URL":    "http://127.0.0.1:1/?sig=" + secrets["TEAMS_WEBHOOK_URL"],
			"DISCORD_WEBHOOK_URL":  "http://127.0.0.1:1/" + secrets["DISCORD_WEBHOOK_URL"],
		}},
		{name: "connections break", answer: func(http.ResponseWriter, *http.Request, string) { panic(http.ErrAbortHandler) }},
		{name: "from a file", file: configWithSecrets},
		{name: "a file with slips", file: strings.NewReplacer("token: ", "token:", "routes:", "- routes").Replace(configWithSecrets)},
		{name: "a file with keys that are none", file: strings.ReplaceAll(configWithSecrets, "token: ", "token:")},
		{name: "a file with values in wrong places", file: strings.NewReplacer("url: ", "format: ", "token: ", "on_unknown: ", "to: [", "to: ["+secrets["WECOM_WEBHOOK_URL"]+secrets["SLACK_BOT_TOKEN"]+", ").Replace(configWithSecrets)},
		{name: "no role", env: map[string]string{"WATCH_ROLE_ARN": "", "WATCH_ROLE_EXTERNAL_ID": ""}},
		{name: "a role of another form", env: map[string]string{"WATCH_ROLE_ARN": secrets["WATCH_ROLE_EXTERNAL_ID"]}},
		{name: "an external id without a role", env: map[string]string{"WATCH_ROLE_ARN": ""}},
		{name: "STS quotes everything", api: []apitest.Fault{apitest.Refused(403, "NoPermission", "refused: "+sent+" ExternalId="+secrets["WATCH_ROLE_EXTERNAL_ID"], poller.Denied).When(assuming)}},
		{name: "STS answers in another shape", api: []apitest.Fault{faultNamed("enveloped").When(assuming)}},
		{name: "STS is not there", env: map[string]string{"STS_ENDPOINT": "http://127.0.0.1:1"}},
		{name: "a profile", cli: profile("StsToken")},
		{name: "a profile with a role", cli: profile("RamRoleArn")},
		{name: "a profile of another mode", cli: profile("CloudSSO")},
		{name: "a profile whose mode is a key", cli: profile(secrets["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])},
		{name: "a profile cut short", cli: strings.TrimSuffix(profile("AK"), "}]}")},
		{name: "no key", env: map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": ""}},
		{name: "a broken signing secret", env: map[string]string{"WEBHOOK_SECRET": secrets["WEBHOOK_SECRET"] + "!"}},
	}
	for _, status := range []int{200, 302, 400, 401, 403, 410, 429, 500, 503} {
		list = append(list, exposure{name: fmt.Sprintf("receivers quote everything with %d", status), answer: echo(status)})
	}
	for form, broken := range map[string]string{"unreadable": "https://host/%%zz%s", "unsafe": "http://hooks.example.com/%s", "of another kind": "ftp://host/%s", "without host": "https:///%s", "spaced": "https://host name/%s", "with control characters": "https://host/\x7f%s"} {
		e := exposure{name: "URLs " + form, env: map[string]string{}}
		for name, secret := range secrets {
			if strings.HasSuffix(name, "_URL") {
				e.env[name] = fmt.Sprintf(broken, secret)
			}
		}
		list = append(list, e)
	}
	return list
}

func faultNamed(name string) apitest.Fault {
	i := slices.IndexFunc(apitest.Faults(), func(f apitest.Fault) bool { return f.Name == name })
	return apitest.Faults()[i]
}

func assuming(r apitest.Request) bool { return r.Action == "AssumeRole" }

const configWithSecrets = `
sinks:
  ops:  {type: slack, token: xoxb-0040040040-0040040040-bottokensecret, channel: C0OPS}
  hook: {type: webhook, url: "$S/webhook/webhookpathsecret06", secret: whsec_c2VjcmV0MDctc2VjcmV0MDctc2VjcmV0MDctc2VjcmV0MDc=}
  ding: {type: dingtalk, url: "$S/dingtalk?access_token=dingaccesstokensecret08", secret: "${DINGTALK_SECRET}"}
routes:
  - to: [ops, hook, ding]
`

// Every command in every bad world, to people and to machines: nothing that it
// prints, logs, remembers or sends holds a secret.
func TestNoSecretGetsOut(t *testing.T) {
	if testing.Short() {
		t.Skip("much work that the plain run does: left out where only races are looked for")
	}
	var wg sync.WaitGroup
	for _, e := range exposures() { // all at once: what takes time is waiting
		wg.Go(func() { e.expose(t) })
	}
	wg.Wait()
}

func (e exposure) expose(t *testing.T) {
	api := apitest.New(apitest.Options{
		AccessKeyID: secrets["ALIBABA_CLOUD_ACCESS_KEY_ID"], Secret: secrets["ALIBABA_CLOUD_ACCESS_KEY_SECRET"], Token: secrets["ALIBABA_CLOUD_SECURITY_TOKEN"],
		Roles: []apitest.Role{{ARN: watchedRole, ExternalID: secrets["WATCH_ROLE_EXTERNAL_ID"]}},
	})
	endpoint, stop, err := api.Start()
	if err != nil {
		t.Error(err)
		return
	}
	defer stop()
	object := poller.Key{TaskID: "14", ObjectType: "preload", ObjectPath: "https://cdn.example.com/a.mp4?auth_key=" + objectSecret}
	if err := api.Add(apitest.Task{Key: object, Created: time.Now().Add(-time.Minute), Steps: apitest.Fail(time.Second, "Origin Timeout")}); err != nil {
		t.Error(err)
	}
	receivers := newSpy(t)
	receivers.answer = e.answer
	dir := t.TempDir()
	env := e.environment(t, receivers.URL, endpoint, dir)

	api.Fault(e.api...)
	said := ""
	for _, line := range []string{"poll", "poll", "status", "check -post", "redrive", "backfill -renotify", "preview", "preview -json", "invoke -event -"} {
		for _, tty := range []bool{false, true} {
			var out, err bytes.Buffer
			sh := cli.Shell{In: strings.NewReader(`{"triggerName":"tick"}`), Out: &out, Err: &err, OutTTY: tty, ErrTTY: tty, Getenv: func(name string) string { return env[name] }}
			code := cli.Run(t.Context(), strings.Fields(line+" -timeout 1s"), sh)
			said += fmt.Sprintf("\n$ refreshwatch %s\n%s%sexit code %d\n", line, &out, &err, code)
		}
	}
	said += asOnFunctionCompute(t, env)
	issued := map[string]string{}
	for i, secret := range api.Issued() {
		issued[fmt.Sprint("a role's key ", i)] = secret
	}
	search(t, e.name+": what the program says", said, secrets)
	if assumes := []string{"all is well", "a profile with a role"}; slices.Contains(assumes, e.name) && len(issued) == 0 {
		t.Errorf("%s: no role was assumed, so nothing is proven", e.name)
	}
	search(t, e.name+": what the program says", said, issued)
	search(t, e.name+": the checkpoint", contents(dir), secrets)
	search(t, e.name+": the checkpoint", contents(dir), issued)
	receivers.mu.Lock()
	defer receivers.mu.Unlock()
	for sink, bodies := range receivers.bodies {
		if sink == "slack" { // that is how slack-go logs in
			bodies = strings.ReplaceAll(bodies, "token="+secrets["SLACK_BOT_TOKEN"], "")
		}
		search(t, e.name+": what is sent to "+sink, bodies, secrets)
		search(t, e.name+": what is sent to "+sink, bodies, issued)
		if sink != "webhook" {
			search(t, e.name+": what is sent to "+sink, bodies, map[string]string{"an object's auth_key": objectSecret})
		}
	}
}

func (e exposure) environment(t *testing.T, receivers, endpoint, dir string) map[string]string {
	env := maps.Clone(secrets)
	for name, prefix := range map[string]string{
		"SLACK_WEBHOOK_URL": "/slackhook/services/", "WEBHOOK_URL": "/webhook/", "DINGTALK_WEBHOOK_URL": "/dingtalk/robot/send?access_token=",
		"FEISHU_WEBHOOK_URL": "/feishu/open-apis/bot/v2/hook/", "WECOM_WEBHOOK_URL": "/wecom/cgi-bin/webhook/send?key=",
		"TEAMS_WEBHOOK_URL": "/teams/workflows/1/triggers/manual/paths/invoke?sig=", "DISCORD_WEBHOOK_URL": "/discord/api/webhooks/1/", "HEARTBEAT_URL": "/heartbeat/",
	} {
		env[name] = receivers + prefix + env[name]
	}
	maps.Copy(env, map[string]string{
		"VOD_ENDPOINT": endpoint, "VOD_MAX_QPS": "100", "CHECKPOINT": "file://" + dir, "FIRST_RUN": "notify", "LOG_LEVEL": "debug",
		"SLACK_API_URL": receivers + "/slack/", "SLACK_CHANNEL": "C0OPS", "WATCH_ROLE_ARN": watchedRole, "STS_ENDPOINT": endpoint,
	})
	if e.cli != "" {
		env["HOME"] = t.TempDir()
		for _, name := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN", "WATCH_ROLE_ARN", "WATCH_ROLE_EXTERNAL_ID"} {
			env[name] = ""
		}
		folder := filepath.Join(env["HOME"], ".aliyun")
		if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "config.json"), []byte(e.cli), 0o600)); err != nil {
			t.Error(err)
		}
	}
	maps.Copy(env, e.env)
	if e.file != "" {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(e.file, "$S", receivers)), 0o600); err != nil {
			t.Error(err)
		}
		env["CONFIG_FILE"] = path
	}
	return env
}

// asOnFunctionCompute is the log and the answers of an instance with this
// environment.
func asOnFunctionCompute(t *testing.T, env map[string]string) string {
	var log bytes.Buffer
	config, err := setup.LoadConfig(func(name string) string { return env[name] }, setup.FunctionCompute)
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: config.LogLevel}))
	if err != nil {
		return fmt.Sprintf("%#v %+v", err, misconfigured(t.Context(), config, err, logger)) + log.String()
	}
	w, err := setup.Assemble(config, logger, nil)
	if err != nil {
		return fmt.Sprintf("%+v", err)
	}
	w.Keys.Use(setup.Key{ID: env["ALIBABA_CLOUD_ACCESS_KEY_ID"]}) // no secret: refused with both
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	said := ""
	for _, event := range []string{"", `{"action":"check"}`, `{"action":"status"}`, `{"action":"xoxb"}`} {
		report, err := invoke(ctx, w, []byte(event))
		said += fmt.Sprintf("%+v %+v %#v\n", report, err, err)
	}
	return said + log.String()
}

// contents are all bytes of the files in a folder.
func contents(dir string) string {
	var all strings.Builder
	filepath.Walk(dir, func(path string, _ os.FileInfo, _ error) error {
		text, _ := os.ReadFile(path) // a folder has none
		fmt.Fprintf(&all, "%s\n%s\n", path, text)
		return nil
	})
	return all.String()
}

func search(t *testing.T, where, text string, secrets map[string]string) {
	t.Helper()
	for name, secret := range secrets {
		for _, form := range writtenAs(secret) {
			if i := strings.Index(text, form); i >= 0 {
				t.Errorf("%s holds %s as %q:\n…%s…", where, name, form, text[max(0, i-300):min(len(text), i+300)])
				break
			}
		}
	}
}
