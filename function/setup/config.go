package setup

import (
	"cmp"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/checkpoint"
)

// Config is everything an operator can set. It is read once, from the environment
// and from CONFIG_FILE; an empty variable counts as unset.
type Config struct {
	Platform Platform // where the program runs

	// Key is for laptops: ALIBABA_CLOUD_ACCESS_KEY_ID, _ACCESS_KEY_SECRET and, for
	// temporary credentials, _SECURITY_TOKEN. On Function Compute the invocation
	// brings its own.
	Key     Key
	Profile Profile     // ALIBABA_CLOUD_PROFILE; where Key came from when no variable held it
	Role    aliyun.Role // WATCH_ROLE_ARN, WATCH_ROLE_EXTERNAL_ID, STS_ENDPOINT; the tasks are listed as this role

	Product  aliyun.Product // PRODUCT; vod, cdn or dcdn
	Region   string         // VOD_REGION; such as cn-shanghai
	Endpoint string         // VOD_ENDPOINT, CDN_ENDPOINT or DCDN_ENDPOINT; https, or http on loopback
	MaxQPS   float64        // VOD_MAX_QPS, CDN_MAX_QPS or DCDN_MAX_QPS; requests a second, at most

	Checkpoint   string        // CHECKPOINT; file:///dir or oss://bucket/prefix?region=…
	NotifyFirst  bool          // FIRST_RUN is notify, not baseline
	StalledAfter time.Duration // STALLED_AFTER; 0 is off
	Scope        poller.Scope  // WATCH_DOMAINS and WATCH_OBJECT_TYPES; comma lists, empty watches all

	Sinks     []SinkConfig
	Routes    notifier.Routes // of CONFIG_FILE, or what MENTION and NOTIFY make of everything to all
	Notify    string          // NOTIFY; all or failed, "" with CONFIG_FILE, whose routes say it
	Mention   string          // MENTION; "" with CONFIG_FILE
	GroupWait time.Duration   // GROUP_WAIT; how long rows wait for the others of their submission

	Lang        string         // MESSAGE_LANG; en or zh
	Sample      bool           // messages are marked as samples; no variable sets it
	Label       string         // LABEL; names this deployment in messages, "" for none
	ConsoleURL  string         // CONSOLE_URL; behind a message's title, "" for the product's own console
	TimeZone    *time.Location // TIME_ZONE; of written times, nil for the language's own
	TemplateDir string         // TEMPLATE_DIR; overrides of the embedded templates
	Heartbeat   sink.Secret    // HEARTBEAT_URL; whoever knows it can fake a heartbeat
	LogLevel    slog.Level     // LOG_LEVEL
	Allow       watch.Allow    // ALLOW_EVENTS; on Function Compute only

	Unused    []string // variables that are set and have no effect, for check
	Variables []string // that were asked for
}

// Key is an access key, with a token when it is temporary.
type Key struct {
	ID     string
	Secret sink.Secret
	Token  sink.Secret

	From    string // where it came from, for people: "the environment"
	Account string // the account it belongs to, where Function Compute says so; else ""
}

// Platform is where the program runs.
type Platform int

// The platforms. On Function Compute credentials come with each invocation, and what
// has no default there, such as CHECKPOINT, must be set.
const (
	CommandLine Platform = iota
	FunctionCompute
)

// LoadConfig reads the configuration. Its error joins all mistakes, each a
// [*poller.Mistake] with the name of its variable or its place in CONFIG_FILE, and
// never with a value that may be a secret.
func LoadConfig(getenv func(string) string, on Platform) (Config, error) {
	r := newReader(getenv)
	product := r.product()
	c := Config{
		Platform:     on,
		Product:      product,
		Region:       r.region("VOD_REGION", "cn-shanghai"),
		Endpoint:     r.endpoint(product.EndpointVariable()),
		MaxQPS:       r.rate(product.QPSVariable(), 4),
		Checkpoint:   r.text("CHECKPOINT", line),
		NotifyFirst:  r.oneOf("FIRST_RUN", "baseline", "notify") == "notify",
		StalledAfter: r.duration("STALLED_AFTER", 0, apiMemory, "off", "0"),
		Scope:        poller.Scope{Domains: r.patterns("WATCH_DOMAINS", poller.CheckDomain), ObjectTypes: r.among("WATCH_OBJECT_TYPES", r.objectTypes)},
		GroupWait:    r.duration("GROUP_WAIT", 2*time.Minute, 24*time.Hour, "0", "0s", "off"),
		Lang:         r.language("MESSAGE_LANG"),
		Label:        r.label("LABEL"),
		ConsoleURL:   r.link("CONSOLE_URL"),
		TemplateDir:  r.folder("TEMPLATE_DIR"),
		Heartbeat:    sink.Secret(r.url("HEARTBEAT_URL")),
		LogLevel:     r.level("LOG_LEVEL"),
		Allow:        r.allow("ALLOW_EVENTS"),
	}
	c.Endpoint = cmp.Or(c.Endpoint, product.Endpoint(c.Region))
	c.TimeZone = r.timeZone("TIME_ZONE")
	c.Role = r.role()
	if on == CommandLine { // there the environment's may have aged with the instance
		c.Key, c.Profile = r.credentials(c.Role.Endpoint)
	}
	c.Role.Endpoint = cmp.Or(c.Role.Endpoint, aliyun.STSEndpoint)
	if account := c.Role.Account(); c.Label == "" && account != "" {
		c.Label = account
	}
	if !r.isSet("CHECKPOINT") {
		c.Checkpoint = r.defaultCheckpoint(on, c)
	}
	r.proxies()
	r.sinks(&c, on)
	c.Unused = append(c.Unused, r.unused(c, on)...)
	c.Variables = r.asked
	return c, r.err()
}

// apiMemory is how far back the API lists tasks (VOD, DescribeVodRefreshTasks, read
// 2026-11). A task cannot be in flight for longer and be seen.
const apiMemory = 72 * time.Hour

func (r *reader) product() aliyun.Product {
	var names []string
	for _, p := range aliyun.Products() {
		names = append(names, p.Name)
		for _, t := range p.Types {
			if !slices.Contains(r.objectTypes, t) {
				r.objectTypes = append(r.objectTypes, t)
			}
		}
	}
	product, _ := aliyun.ProductNamed(r.oneOf("PRODUCT", names...))
	return product
}

// credentials are those of the environment, else those of a profile.
func (r *reader) credentials(stsEndpoint string) (Key, Profile) {
	const id, secret = "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	key := r.key()
	half := func(missing, there string) (Key, Profile) {
		return key, Profile{Problem: &poller.Mistake{Setting: missing, Problem: "is not set, although " + there + " is", Next: "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"}}
	}
	switch {
	case r.isSet(id) && r.isSet(secret):
		return key, Profile{}
	case r.isSet(id):
		return half(secret, id)
	case r.isSet(secret):
		return half(id, secret)
	}
	key, profile := r.profile(stsEndpoint)
	if key.ID == "" && profile.Problem == nil {
		profile.Problem = r.wayNotTaken()
	}
	return key, profile
}

// wayNotTaken names what Alibaba Cloud's own tools would take a key from, and this
// program does not (their SDKs' default credential chain, read 2026-11): whoever sets it
// relies on it. nil when there is nothing of the kind.
func (r *reader) wayNotTaken() error {
	const next = "Set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET to the key of a RAM user; with a temporary key that a sidecar obtains, ALIBABA_CLOUD_SECURITY_TOKEN, too"
	for _, way := range []struct{ variable, is string }{
		{"ALIBABA_CLOUD_OIDC_TOKEN_FILE", "a token of RRSA (OIDC), with ALIBABA_CLOUD_ROLE_ARN"},
		{"ALIBABA_CLOUD_CREDENTIALS_URI", "a service that hands out keys"},
		{"ALIBABA_CLOUD_ECS_METADATA", "the role of an ECS instance"},
	} {
		if strings.TrimSpace(r.environment(way.variable)) != "" {
			return &poller.Mistake{Setting: way.variable, Problem: "is set, but refreshwatch takes no key from there (" + way.is + "), and no other is set", Next: next}
		}
	}
	return nil
}

func (r *reader) role() aliyun.Role {
	role := aliyun.Role{
		ARN: r.text("WATCH_ROLE_ARN", word), ExternalID: r.text("WATCH_ROLE_EXTERNAL_ID", word),
		Endpoint: r.endpoint("STS_ENDPOINT"),
	}
	if role.ARN == "" && role.ExternalID != "" && !r.isSet("WATCH_ROLE_ARN") {
		r.wrong("WATCH_ROLE_EXTERNAL_ID", "is set without WATCH_ROLE_ARN", "Set WATCH_ROLE_ARN, too, or unset this one")
	}
	r.wrongAll("WATCH_ROLE_EXTERNAL_ID", aliyun.CheckExternalID(role.ExternalID))
	return role
}

func (r *reader) key() Key {
	k := Key{
		ID:     r.text("ALIBABA_CLOUD_ACCESS_KEY_ID", word),
		Secret: sink.Secret(r.text("ALIBABA_CLOUD_ACCESS_KEY_SECRET", word)),
		Token:  sink.Secret(r.text("ALIBABA_CLOUD_SECURITY_TOKEN", word)),
		From:   "the environment",
	}
	if strings.HasPrefix(string(k.Secret), "LTAI") {
		r.wrong("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "holds the id of an access key", "Set the secret that was shown beside the id when the key was made")
	}
	if strings.HasPrefix(k.ID, "STS.") && k.Token == "" && !r.isSet("ALIBABA_CLOUD_SECURITY_TOKEN") {
		r.wrong("ALIBABA_CLOUD_SECURITY_TOKEN", "is not set, and ALIBABA_CLOUD_ACCESS_KEY_ID is a temporary key's", "Set the token that came with the key")
	}
	return k
}

// region is judged by the client; what people write instead of one is named here.
func (r *reader) region(variable, fallback string) string {
	text := cmp.Or(r.text(variable, word), fallback)
	lower := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(text), "oss-"), "vod.")
	lower = strings.TrimSuffix(lower, ".aliyuncs.com")
	if lower != text && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && strings.Contains(lower, "-") && len(shown(lower)) == len(lower)+2 {
		r.wrong(variable, "not the name of a region", "Did you mean "+lower+"?")
	}
	if !strings.ContainsAny(text, "-._") {
		r.wrong(variable, "not the name of a region", "Write it like cn-shanghai")
	}
	return text
}

func (r *reader) level(variable string) slog.Level {
	levels := map[string]slog.Level{"info": slog.LevelInfo, "debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	return levels[r.oneOf(variable, "info", "debug", "warn", "error")]
}

// folder is the path of a folder on this machine.
func (r *reader) folder(variable string) string {
	path := r.text(variable, line)
	switch {
	case strings.HasPrefix(path, "~"):
		r.wrong(variable, "begins with ~, which only a shell fills in", "Write the whole path, or $HOME without quotes in the shell")
	case strings.Contains(path, "://"):
		r.wrong(variable, "is a URL", "Write the path of a folder, such as /code/templates")
	}
	return path
}

// defaultCheckpoint is a folder in the user's state directory, one a product and key,
// so that no tasks meet the history of another account; Function Compute has none that
// lasts. Temporary keys share one: each would begin with a baseline of its own.
func (r *reader) defaultCheckpoint(on Platform, c Config) string {
	if on == FunctionCompute {
		r.wrong("CHECKPOINT", "must be set on Function Compute", "Write it like oss://bucket/refreshwatch?region=cn-shanghai")
		return ""
	}
	dir := strings.TrimSpace(r.getenv("XDG_STATE_HOME"))
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil {
			r.wrong("CHECKPOINT", "must be set, because this user has no home directory", "Write it like file:///var/lib/refreshwatch")
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	dir = filepath.Join(dir, "refreshwatch")
	if c.Product.Name == "vod" && checkpoint.IsFolder(dir) {
		return fileURL(dir) // the first release had one for everything
	}
	name := c.Product.Name
	if c.Key.ID != "" && c.Key.Token == "" {
		name += "-" + watch.KeyHash(c.Key.ID)
	}
	return fileURL(filepath.Join(dir, name))
}

// fileURL names a path in the form that CHECKPOINT takes; on Windows that is
// file:///C:/dir.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// unused are the variables that are set without effect: those of other products, and
// those of ways to a key that are not taken. On Function Compute the platform
// sets keys of its own.
func (r *reader) unused(c Config, on Platform) []string {
	var names []string
	add := func(variable string, unused bool) {
		if unused && r.isSet(variable) {
			names = append(names, variable)
		}
	}
	for _, p := range aliyun.Products() {
		add(p.EndpointVariable(), p.Name != c.Product.Name)
		add(p.QPSVariable(), p.Name != c.Product.Name)
	}
	add(profileVariable, on == FunctionCompute || c.Key.ID != "" && c.Profile.Name == "")
	add("ALIBABA_CLOUD_SECURITY_TOKEN", on == CommandLine && c.Profile.Name != "")
	return names
}
