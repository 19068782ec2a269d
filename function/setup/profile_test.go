package setup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
)

// The file as the aliyun CLI writes it; what is secret in it says hunter2.
const profiles = `{
	"current": "default",
	"profiles": [
		{"name": "default", "mode": "AK", "access_key_id": "LTAIhunter2ak", "access_key_secret": "hunter2-ak", "region_id": "cn-hangzhou", "output_format": "json", "language": "en"},
		{"name": "sts", "mode": "StsToken", "access_key_id": "STS.hunter2", "access_key_secret": "hunter2-sts", "sts_token": "hunter2-token"},
		{"name": "role", "mode": "RamRoleArn", "access_key_id": "LTAIhunter2role", "access_key_secret": "hunter2-role", "ram_role_arn": "acs:ram::1:role/one", "ram_session_name": "me", "expired_seconds": 900, "external_id": "hunter2-ext", "sts_region": "cn-beijing"},
		{"name": "chain", "mode": "ChainableRamRoleArn", "source_profile": "role", "ram_role_arn": "acs:ram::2:role/two"},
		{"name": "longer", "mode": "ChainableRamRoleArn", "source_profile": "chain", "ram_role_arn": "acs:ram::3:role/three"},
		{"name": "loop", "mode": "ChainableRamRoleArn", "source_profile": "pool", "ram_role_arn": "acs:ram::3:role/x"},
		{"name": "pool", "mode": "ChainableRamRoleArn", "source_profile": "loop", "ram_role_arn": "acs:ram::3:role/x"},
		{"name": "lost", "mode": "ChainableRamRoleArn", "source_profile": "LTAIhunter2source", "ram_role_arn": "acs:ram::3:role/x"},
		{"name": "sso", "mode": "CloudSSO", "cloud_sso_account_config": "hunter2-sso", "access_token": "hunter2-sso"},
		{"name": "ecs", "mode": "EcsRamRole", "ram_role_name": "x"},
		{"name": "command", "mode": "External", "process_command": "hunter2-command"},
		{"name": "odd", "mode": "hunter2 in a place of its own, much too long"},
		{"name": "half", "mode": "AK", "access_key_id": "LTAIhunter2half"},
		{"name": "tokenless", "mode": "StsToken", "access_key_id": "STS.hunter2", "access_key_secret": "hunter2-sts"},
		{"name": "badid", "mode": "RamRoleArn", "access_key_id": "LTAIhunter2", "access_key_secret": "hunter2", "ram_role_arn": "acs:ram::1:role/x", "external_id": "!hunter2!"},
		{"name": "orphan", "mode": "ChainableRamRoleArn", "ram_role_arn": "acs:ram::1:role/x"},
		{"name": "modeless", "access_key_id": "LTAIhunter2", "access_key_secret": "hunter2"},
		{"name": "quoted", "mode": "AK", "access_key_id": "LTAIhunter2", "access_key_secret": "\"hunter2\""},
		{"name": "spaced", "mode": "AK", "access_key_id": "LTAIhunter2 ", "access_key_secret": "hunter2"},
		{"name": "swapped", "mode": "AK", "access_key_id": "hunter2", "access_key_secret": "LTAIhunter2"},
		{"name": "twin", "mode": "AK", "access_key_id": "LTAIhunter2", "access_key_secret": "hunter2"},
		{"name": "twin", "mode": "AK", "access_key_id": "LTAIhunter2b", "access_key_secret": "hunter2b"},
		{"name": "", "mode": "AK", "access_key_id": "LTAIhunter2", "access_key_secret": "hunter2"},
		{"name": "badrole", "mode": "RamRoleArn", "access_key_id": "LTAIhunter2", "access_key_secret": "hunter2", "ram_role_arn": "hunter2"}
	],
	"meta_path": ""
}`

// home is a home directory with that config.json; "" for none.
func home(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	if config == "" {
		return dir
	}
	if err := os.Mkdir(filepath.Join(dir, ".aliyun"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".aliyun", "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// assemble loads and puts together, and returns all mistakes.
func assemble(env map[string]string, on Platform) (*Program, Config, error) {
	c, err := LoadConfig(lookup(env), on)
	if err != nil {
		return nil, c, err
	}
	p, err := Assemble(c, silent(0), &strings.Builder{})
	return p, c, err
}

func TestProfiles(t *testing.T) {
	one := aliyun.Role{ARN: "acs:ram::1:role/one", ExternalID: "hunter2-ext", Setting: "ram_role_arn of profile role", Endpoint: "https://sts.cn-beijing.aliyuncs.com"}
	two := aliyun.Role{ARN: "acs:ram::2:role/two", Setting: "ram_role_arn of profile chain"}
	three := aliyun.Role{ARN: "acs:ram::3:role/three", Setting: "ram_role_arn of profile longer"}
	dir := home(t, profiles)
	for name, want := range map[string]struct {
		key   Key
		roles []aliyun.Role
	}{
		"":        {Key{ID: "LTAIhunter2ak", Secret: "hunter2-ak"}, nil},
		"default": {Key{ID: "LTAIhunter2ak", Secret: "hunter2-ak"}, nil},
		"sts":     {Key{ID: "STS.hunter2", Secret: "hunter2-sts", Token: "hunter2-token"}, nil},
		"role":    {Key{ID: "LTAIhunter2role", Secret: "hunter2-role"}, []aliyun.Role{one}},
		"chain":   {Key{ID: "LTAIhunter2role", Secret: "hunter2-role"}, []aliyun.Role{one, two}},
		"longer":  {Key{ID: "LTAIhunter2role", Secret: "hunter2-role"}, []aliyun.Role{one, two, three}},
	} {
		p, c, err := assemble(map[string]string{"HOME": dir, "ALIBABA_CLOUD_PROFILE": name}, CommandLine)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		source := "profile " + map[bool]string{true: "default", false: name}[name == ""] + " of ~/.aliyun/config.json"
		want.key.From = source
		if c.Key != want.key || !cmp.Equal(c.Profile.Roles, want.roles) {
			t.Errorf("%s: got %+v, %+v", name, c.Profile, c.Key.ID)
		}
		if (p.Keys.role != nil) != (want.roles != nil) {
			t.Errorf("%s: the roles are not assumed", name)
		}
		if found := p.checkCredentials(false); !strings.HasSuffix(found.Detail, ", from "+source) {
			t.Errorf("check says %+v", found)
		}
	}
}

// A key in the environment comes first, and Function Compute looks at no file.
func TestProfilesComeLast(t *testing.T) {
	dir := home(t, profiles)
	for _, row := range []struct {
		env  map[string]string
		on   Platform
		want string
	}{
		{map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "id", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "sec", "ALIBABA_CLOUD_PROFILE": "sts"}, CommandLine, "id"},
		{map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "id"}, CommandLine, "id"},
		{map[string]string{"ALIBABA_CLOUD_PROFILE": "sts", "CHECKPOINT": "file:///x", "WEBHOOK_URL": "https://hooks.example.com/x"}, FunctionCompute, ""},
		{map[string]string{"ALIBABA_CLOUD_PROFILE": "no such", "CHECKPOINT": "file:///x", "WEBHOOK_URL": "https://hooks.example.com/x"}, FunctionCompute, ""},
	} {
		row.env["HOME"] = dir
		c, err := LoadConfig(lookup(row.env), row.on)
		if err != nil || c.Key.ID != row.want || c.Profile.Name != "" {
			t.Errorf("%v: key %q of profile %q, %v", row.env, c.Key.ID, c.Profile.Name, err)
		}
	}
}

// What is set and not used is named by check; half a key is no key, and says so.
func TestWaysToAKeyThatAreNotTaken(t *testing.T) {
	dir := home(t, profiles)
	const id, secret, token = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"
	deployed := map[string]string{"ALIBABA_CLOUD_PROFILE": "sts", id: "id", secret: "s", token: "t", "CHECKPOINT": "file:///x", "WEBHOOK_URL": "https://hooks.example.com/x"}
	for _, row := range []struct {
		env    map[string]string
		on     Platform
		unused []string
		check  string // of the credentials
	}{
		{map[string]string{id: "id", secret: "s", token: "t"}, CommandLine, nil, "ok a temporary key*from the environment"},
		{map[string]string{id: "id", secret: "s", "ALIBABA_CLOUD_PROFILE": "sts"}, CommandLine, []string{"ALIBABA_CLOUD_PROFILE"}, "ok a long-lived key*from the environment"},
		{map[string]string{token: "t"}, CommandLine, []string{token}, "ok a long-lived key*from profile default of ~/.aliyun/config.json"},
		{map[string]string{token: "t", "ALIBABA_CLOUD_PROFILE": "sts"}, CommandLine, []string{token}, "ok a temporary key*from profile sts of ~/.aliyun/config.json"},
		{map[string]string{id: "id", "ALIBABA_CLOUD_PROFILE": "sts"}, CommandLine, []string{"ALIBABA_CLOUD_PROFILE"}, "bad " + secret + ": is not set, although " + id + " is"},
		{map[string]string{secret: "s"}, CommandLine, nil, "bad " + id + ": is not set, although " + secret + " is"},
		{deployed, FunctionCompute, []string{"ALIBABA_CLOUD_PROFILE"}, "bad there are none"},
		{map[string]string{"HOME": "/nowhere", "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/x", "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/var/run/secrets/ack.alibabacloud.com/rrsa-tokens/token"}, CommandLine, nil,
			"bad ALIBABA_CLOUD_OIDC_TOKEN_FILE: is set, but refreshwatch takes no key from there (a token of RRSA*ALIBABA_CLOUD_ROLE_ARN)*"},
		{map[string]string{"HOME": "/nowhere", "ALIBABA_CLOUD_CREDENTIALS_URI": "http://127.0.0.1/key"}, CommandLine, nil, "bad ALIBABA_CLOUD_CREDENTIALS_URI: is set*"},
		{map[string]string{"HOME": "/nowhere", "ALIBABA_CLOUD_ECS_METADATA": "role"}, CommandLine, nil, "bad ALIBABA_CLOUD_ECS_METADATA: is set*"},
		{map[string]string{"HOME": "/nowhere", "ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/x"}, CommandLine, nil, "bad there are none"},
		{map[string]string{id: "id", secret: "s", "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token"}, CommandLine, nil, "ok a long-lived key*from the environment"},
		{map[string]string{"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token"}, CommandLine, nil, "ok a long-lived key*from profile default of ~/.aliyun/config.json"},
	} {
		if row.env["HOME"] == "" {
			row.env["HOME"] = dir
		}
		p, c, err := assemble(row.env, row.on)
		if err != nil || !slices.Equal(c.Unused, row.unused) {
			t.Errorf("%v: %v, unused %v, want %v", row.env, err, c.Unused, row.unused)
			continue
		}
		if f := p.checkCredentials(false); !poller.Glob(row.check, string(f.Level)+" "+f.Detail) || f.Level == sink.Bad && f.Hint == "" {
			t.Errorf("%v: check says %+v, want %s", row.env, f, row.check)
		}
	}
}

// A file that names no current profile has one only for who names it.
func TestNoCurrentProfile(t *testing.T) {
	for _, file := range []string{
		`{"profiles":[{"name":"prod","mode":"AK","access_key_id":"a","access_key_secret":"b"},{"name":"","mode":"AK","access_key_id":"c","access_key_secret":"d"}]}`,
		`{"current":"","profiles":[{"name":"prod","mode":"AK","access_key_id":"a","access_key_secret":"b"}]}`,
	} {
		p, c, err := assemble(map[string]string{"HOME": home(t, file)}, CommandLine)
		if err != nil || c.Key.ID != "" {
			t.Fatalf("%s: key %q, %v", file, c.Key.ID, err)
		}
		if f := p.checkCredentials(false); f.Detail != "~/.aliyun/config.json has no current profile" || f.Hint != "Set ALIBABA_CLOUD_PROFILE. Known: prod" {
			t.Errorf("%s: %+v", file, f)
		}
	}
}

// A profile that cannot be used says why and what to do, and shows nothing of the
// file; one that nobody named is a mistake only once a key is needed.
func TestBadProfiles(t *testing.T) {
	for _, row := range []struct{ file, profile, want string }{
		{"", "prod", "~/.aliyun/config.json does not exist. Run aliyun configure"},
		{profiles, "defualt", "has no profile defualt. Did you mean default?"},
		{profiles, "LTAIhunter2", "has no profile (not shown)"},
		{profiles, "sso", "has the mode CloudSSO, which is not supported. Use a profile of mode AK"},
		{profiles, "ecs", "has the mode EcsRamRole"},
		{profiles, "command", "has the mode External"},
		{profiles, "odd", "has the mode (not shown)"},
		{profiles, "half", "profile half lacks a part of its key"},
		{profiles, "tokenless", "profile tokenless lacks a part of its key"},
		{profiles, "loop", "is the source of itself"},
		{profiles, "lost", "source_profile of profile lost: ~/.aliyun/config.json has no profile (not shown)"},
		{profiles, "生产", "has no profile 生产"},
		{profiles, "the folder", `has no profile "the folder"`},
		{profiles, strings.Repeat("生", 65), "has no profile (not shown)"},
		{profiles, "badid", "external_id of profile badid: not an external ID"},
		{profiles, "orphan", "profile orphan has no source_profile"},
		{profiles, "modeless", "profile modeless has no mode"},
		{profiles, "quoted", "access_key_secret of profile quoted: still has quotes around it. Remove them"},
		{profiles, "spaced", "access_key_id of profile spaced: holds a space"},
		{profiles, "swapped", "access_key_secret of profile swapped: holds the id of an access key"},
		{profiles, "twin", "has several profiles twin. Keep one of them"},
		{profiles, "badrole", "ram_role_arn of profile badrole: not the ARN of a RAM role"},
		{`{"current":"hunter2","profiles":[{"name":"prod","access_key_secret":"hunter2"`, "prod", "is not what the aliyun CLI writes"},
		{`{"profiles":{"prod":{"access_key_secret":"hunter2"}}}`, "prod", "is not what the aliyun CLI writes"},
		{`access_key_secret = hunter2`, "prod", "is not what the aliyun CLI writes"},
		{`{}`, "prod", "has no profile prod. Run aliyun configure"},
		{`{"current":"","profiles":[{"name":"","mode":"AK"}]}`, "prod", "has no profile prod"},
		{strings.Repeat(" ", profileMax) + profiles, "default", "is not what the aliyun CLI writes"},
		{"\xef\xbb\xbf" + `{"profiles":[{"name":"prod","mode":"ak","access_key_id":"a","access_key_secret":"b"}]}`, "prod", ""},
	} {
		dir := home(t, row.file)
		_, _, err := assemble(map[string]string{"HOME": dir, "ALIBABA_CLOUD_PROFILE": row.profile}, CommandLine)
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(text, row.want) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s, want %s", row.profile, text, row.want)
		}
		current := strings.Replace(row.file, `"current": "default"`, fmt.Sprintf(`"current": %q`, row.profile), 1)
		if row.file != profiles {
			continue
		}
		p, _, err := assemble(map[string]string{"HOME": home(t, current)}, CommandLine)
		if err != nil {
			t.Errorf("current profile %s, which nobody may need: %v", row.profile, err)
			continue
		}
		found := p.checkCredentials(false)
		if text := found.Detail + ". " + found.Hint; found.Level != "bad" || !strings.Contains(text, row.want) || strings.Contains(text, "hunter2") {
			t.Errorf("current profile %s: check says %+v, want %s", row.profile, found, row.want)
		}
	}
}

func TestProfileFileThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".aliyun", "config.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, _, err := assemble(map[string]string{"HOME": dir, "ALIBABA_CLOUD_PROFILE": "prod"}, CommandLine)
	if err == nil || !strings.Contains(err.Error(), "ALIBABA_CLOUD_PROFILE: ~/.aliyun/config.json cannot be read. Check that it is a file") {
		t.Errorf("a folder in its place: %v", err)
	}
}

// No file makes the reader panic or say what is in it.
func FuzzProfiles(f *testing.F) {
	f.Add(profiles, "default")
	f.Add(`{"current":"a","profiles":[null]}`, "a")
	f.Add(`{"profiles":[{"name":"a","mode":"ChainableRamRoleArn","source_profile":"a"}]}`, "a")
	f.Fuzz(func(t *testing.T, config, name string) {
		const secret = "hunter2secretvalue"
		config = strings.ReplaceAll(config, "hunter2", secret)
		_, _, err := assemble(map[string]string{"HOME": home(t, config), "ALIBABA_CLOUD_PROFILE": strings.ReplaceAll(name, secret, "x")}, CommandLine)
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	})
}
