package cli

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"refreshwatch/function/setup"
)

// deployment is s.yaml as far as we use it. Every key must be here: neither
// `s deploy` nor the fc3 component's schema minds a misspelt one (0.1.22, 2026-05).
type deployment struct {
	Edition, Name, Access string
	Vars                  map[string]yaml.Node
	Resources             struct{ Watch, CDN, DCDN resource }
}

type resource struct {
	Component string
	Actions   struct {
		PreDeploy []struct{ Run, Path string } `yaml:"pre-deploy"`
	}
	Props deployedFunction
}

type deployedFunction struct {
	Region         string
	FunctionName   string `yaml:"functionName"`
	Description    string
	Runtime        string
	Handler        string
	Code           string
	MemorySize     int `yaml:"memorySize"` // MB
	CPU            float64
	DiskSize       int `yaml:"diskSize"` // MB
	Timeout        int // seconds
	Role           string
	InternetAccess bool                 `yaml:"internetAccess"`
	Env            map[string]yaml.Node `yaml:"environmentVariables"`
	Log            string               `yaml:"logConfig"` // the schema takes an object, too
	Concurrency    struct {
		Reserved *int `yaml:"reservedConcurrency"`
	} `yaml:"concurrencyConfig"`
	Async struct {
		Retries     *int `yaml:"maxAsyncRetryAttempts"`
		EventAge    int  `yaml:"maxAsyncEventAgeInSeconds"`
		Destination struct {
			OnFailure struct{ Destination string } `yaml:"onFailure"`
		} `yaml:"destinationConfig"`
	} `yaml:"asyncInvokeConfig"`
	VPC struct {
		ID            string   `yaml:"vpcId"`
		VSwitches     []string `yaml:"vSwitchIds"`
		SecurityGroup string   `yaml:"securityGroupId"`
	} `yaml:"vpcConfig"`
	NAS struct {
		User   int `yaml:"userId"`
		Group  int `yaml:"groupId"`
		Mounts []struct {
			Server string `yaml:"serverAddr"`
			Dir    string `yaml:"mountDir"`
		} `yaml:"mountPoints"`
	} `yaml:"nasConfig"`
	Triggers []struct {
		Name      string `yaml:"triggerName"`
		Type      string `yaml:"triggerType"`
		Qualifier string
		Config    struct {
			Cron    string `yaml:"cronExpression"`
			Enable  bool
			Payload string
		} `yaml:"triggerConfig"`
	}
}

// deployEnv is what the header of s.yaml asks to set, with one sink.
func deployEnv() map[string]string {
	return map[string]string{
		"REFRESHWATCH_ROLE": "acs:ram::1234567890123456:role/refreshwatch",
		"CHECKPOINT":        "oss://bucket/refreshwatch?region=cn-shanghai",
		"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/secret",
		"CHECKPOINT_CDN":    "oss://bucket/refreshwatch-cdn?region=cn-shanghai",
		"CHECKPOINT_DCDN":   "oss://bucket/refreshwatch-dcdn?region=cn-shanghai",
	}
}

func TestDeployment(t *testing.T) {
	text := readDeployment(t)
	for name, text := range map[string]string{"as it is": text, "with the alternatives": withAlternatives(text)} {
		t.Run(name, func(t *testing.T) {
			d, err := loadDeployment(text, deployEnv())
			if err != nil {
				t.Fatal(err)
			}
			if err := d.check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The program must take what s.yaml gives it, empty variables included.
func TestDeployedEnvironmentLoads(t *testing.T) {
	d, err := loadDeployment(readDeployment(t), deployEnv())
	if err != nil {
		t.Fatal(err)
	}
	c, err := setup.LoadConfig(func(name string) string {
		node := d.Resources.Watch.Props.Env[name]
		return node.Value
	}, setup.FunctionCompute)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sinks) != 1 || c.Sinks[0].Type != "slack-webhook" || c.Checkpoint != deployEnv()["CHECKPOINT"] {
		t.Errorf("sinks %d, checkpoint %s", len(c.Sinks), c.Checkpoint)
	}
}

// With the # taken off, three functions run the archive that the first one builds: s
// deploys in the file's order (3.1.10, read 2026-11). They differ in what must not be
// shared, and in nothing else.
func TestThreeProductsFromOneArchive(t *testing.T) {
	text := regexp.MustCompile(`(?m)^  #(\S|  )`).ReplaceAllString(readDeployment(t), "  $1")
	env := deployEnv()
	for _, name := range []string{"HEARTBEAT_URL", "CONSOLE_URL"} {
		env[name] = "https://vod.example.com/only"
	}
	d, err := loadDeployment(text, env)
	if err != nil {
		t.Fatal(err)
	}
	first := d.Resources.Watch
	if first.Props.Env["HEARTBEAT_URL"].Value != env["HEARTBEAT_URL"] || strings.Index(text, "\n  watch:") > strings.Index(text, "\n  cdn:") {
		t.Error("the first function is not that of the variables, or does not come first")
	}
	names := []string{first.Props.FunctionName}
	for product, other := range map[string]resource{"cdn": d.Resources.CDN, "dcdn": d.Resources.DCDN} {
		c, err := setup.LoadConfig(func(name string) string {
			node := other.Props.Env[name]
			return node.Value
		}, setup.FunctionCompute)
		if err != nil || c.Product.Name != product || c.Checkpoint != env["CHECKPOINT_"+strings.ToUpper(product)] || c.Heartbeat != "" || c.ConsoleURL != "" {
			t.Errorf("%s: %s, %s, heartbeat %q, console %q: %v", product, c.Product.Name, c.Checkpoint, string(c.Heartbeat), c.ConsoleURL, err)
		}
		if len(other.Actions.PreDeploy) > 0 || other.Component != first.Component {
			t.Errorf("%s: builds %v, component %s", product, other.Actions.PreDeploy, other.Component)
		}
		names = append(names, other.Props.FunctionName)
		other.Props.FunctionName = first.Props.FunctionName
		for _, name := range []string{"PRODUCT", "CHECKPOINT", "HEARTBEAT_URL", "CONSOLE_URL"} {
			other.Props.Env[name] = first.Props.Env[name]
		}
		if diff := cmp.Diff(first.Props, other.Props, cmpopts.IgnoreFields(yaml.Node{}, "Line", "Column")); diff != "" {
			t.Errorf("%s differs:\n%s", product, diff)
		}
	}
	if len(sortedSet(names)) != 3 {
		t.Errorf("functions %v", names)
	}
}

// A new variable belongs into s.yaml too, or in this list with a reason.
func TestDeploymentOffersEveryVariable(t *testing.T) {
	notOffered := []string{
		"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_PROFILE", // the invocation brings its own
		"SLACK_API_URL", "VOD_ENDPOINT", "CDN_ENDPOINT", "DCDN_ENDPOINT", "STS_ENDPOINT", // for tests and proxies
		"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", // of the network, not of this program
	}
	d, err := loadDeployment(withAlternatives(readDeployment(t)), deployEnv())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range variablesOnFC() {
		if _, ok := d.Resources.Watch.Props.Env[name]; ok == slices.Contains(notOffered, name) {
			t.Errorf("%s: in s.yaml %v", name, ok)
		}
	}
}

// The other logConfig stands in a comment: both would be the same key twice.
func TestDeploymentWithALogProject(t *testing.T) {
	var d struct {
		Log struct {
			Project, Logstore string
			RequestMetrics    bool   `yaml:"enableRequestMetrics"`
			InstanceMetrics   bool   `yaml:"enableInstanceMetrics"`
			BeginRule         string `yaml:"logBeginRule"`
		} `yaml:"logConfig"`
	}
	line := regexp.MustCompile(`# (logConfig: \{.*)`).FindStringSubmatch(readDeployment(t))
	if line == nil {
		t.Fatal("s.yaml does not say how to use a project of one's own")
	}
	strict := yaml.NewDecoder(strings.NewReader(line[1]))
	strict.KnownFields(true)
	if err := strict.Decode(&d); err != nil || d.Log.Project == "" || d.Log.Logstore == "" || d.Log.BeginRule != "None" {
		t.Errorf("%+v, %v", d, err)
	}
}

// Each check is shown the mistake it is there for.
func TestDeploymentMistakes(t *testing.T) {
	text := readDeployment(t)
	for _, tt := range []struct{ old, new, want string }{
		{"timeout: 50", "timout: 50", "timout"},
		{"cronExpression:", "cronExpresion:", "cronExpresion"},
		{"logConfig: auto", "logConfig: none", "logConfig"},
		{"memorySize: 128", `memorySize: "128"`, "!!str"},
		{"memorySize: 128", "memorySize: 100", "memorySize"},
		{"memorySize: 128", "memorySize: 1024", "1:4"},
		{"cpu: 0.1 ", "cpu: 0.2 ", "1:1"},
		{"cpu: 0.1 ", "cpu: 0.11 ", "0.05"},
		{"diskSize: 512", "diskSize: 1024", "diskSize"},
		{"timeout: 50", "timeout: 60", "timeout"},
		{"EventAgeInSeconds: 50", "EventAgeInSeconds: 61", "event age"},
		{"maxAsyncRetryAttempts: 0", "maxAsyncRetryAttempts: 1", "retries"},
		{"maxAsyncRetryAttempts: 0", "", "retries"}, // the platform's default is 3
		{"reservedConcurrency: 1", "reservedConcurrency: 2", "concurrency"},
		{"runtime: go1", "runtime: custom", "go1"},
		{"handler: refreshwatch", "handler: main", "target/main"},
		{"code: ./target", "code: ./build", "build/refreshwatch"},
		{"-buildvcs=false ", "", "-buildvcs=false"},
		{"GOARCH=amd64", "GOARCH=arm64", "GOARCH=amd64"},
		{"LOG_LEVEL:", "LOGLEVEL:", "LOGLEVEL"},
		{"VOD_REGION: ${vars.region}", "VOD_REGION: 1", "quotes"},
		{"triggerType: timer", "triggerType: http", "timer"},
		{"enable: true", "enable: false", "enabled"},
		{`period: "@every 1m"`, `period: "@evry 1m"`, "period"},
		{"${vars.period}", "${vars.perod}", "perod"},
		{"${env('REFRESHWATCH_ROLE')}", "${env('REFRESHWATCH_ROL')}", "REFRESHWATCH_ROL"},
	} {
		t.Run(tt.new, func(t *testing.T) {
			if strings.Count(text, tt.old) != 1 {
				t.Fatalf("%q is %d times in s.yaml, want once", tt.old, strings.Count(text, tt.old))
			}
			d, err := loadDeployment(strings.Replace(text, tt.old, tt.new, 1), deployEnv())
			if err == nil {
				err = d.check()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// check reports everything the component's schema lets pass, and where s.yaml and
// the program must agree.
func (d deployment) check() error {
	var mistakes []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			mistakes = append(mistakes, fmt.Errorf(format, args...))
		}
	}
	w := d.Resources.Watch
	p := w.Props
	must(d.Edition == "3.0.0" && w.Component == "fc3", "edition %s, component %s", d.Edition, w.Component)
	must(p.Runtime == "go1", "runtime %s, want go1: the SDK works on no other", p.Runtime)
	must(strings.HasPrefix(p.Role, "acs:ram::"), "role %s", p.Role)

	// Function Compute, "Instance types and specifications", read 2026-11.
	must(p.MemorySize >= 128 && p.MemorySize%64 == 0, "memorySize %d: a multiple of 64 from 128", p.MemorySize)
	must(p.CPU > 0 && math.Abs(math.Remainder(p.CPU, 0.05)) < 1e-9, "cpu %v: a multiple of 0.05", p.CPU)
	perGB := p.CPU / (float64(p.MemorySize) / 1024)
	must(perGB >= 0.25 && perGB <= 1, "cpu %v for %d MB: vCPU to GB must be between 1:1 and 1:4", p.CPU, p.MemorySize)
	must(p.DiskSize == 512 || p.DiskSize == 10240, "diskSize %d: 512 or 10240", p.DiskSize)

	must(p.Log == "auto", "logConfig %s, want auto: it spares two steps", p.Log)
	must(p.Concurrency.Reserved != nil && *p.Concurrency.Reserved == 1, "concurrency: want one reserved")
	must(p.Async.Retries != nil && *p.Async.Retries == 0, "retries: want none, the next tick is one")
	must(len(p.Triggers) == 1, "%d triggers, want 1", len(p.Triggers))
	for _, t := range p.Triggers {
		must(t.Type == "timer" && t.Config.Enable, "trigger %s: want an enabled timer", t.Name)
		period, err := timerPeriod(t.Config.Cron)
		must(err == nil, "period %q: %v", t.Config.Cron, err)
		must(seconds(p.Timeout) < period, "timeout %ds is not below the period", p.Timeout)
		must(0 < p.Async.EventAge && seconds(p.Async.EventAge) <= period, "event age %ds is beyond the period", p.Async.EventAge)
	}
	return errors.Join(append(mistakes, d.checkBuild(), d.checkEnv())...)
}

// checkBuild wants a reproducible build of the very file that is deployed and run.
func (d deployment) checkBuild() error {
	w := d.Resources.Watch
	if len(w.Actions.PreDeploy) != 1 {
		return fmt.Errorf("%d pre-deploy actions, want 1", len(w.Actions.PreDeploy))
	}
	run := w.Actions.PreDeploy[0].Run + " "
	output := strings.TrimPrefix(w.Props.Code, "./") + "/" + w.Props.Handler
	for _, want := range []string{
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "go build",
		"-trimpath", "-buildvcs=false", "-tags nethttpomithttp2", `-ldflags="-s -w`, "-X refreshwatch/function/watch.version=$(git describe --tags --always --dirty)",
		`-X refreshwatch/function/watch.commit=$(git rev-parse HEAD)"`, "-o " + output, "./function",
	} {
		if !strings.Contains(run, want+" ") {
			return fmt.Errorf("pre-deploy does not have %s: %s", want, run)
		}
	}
	return nil
}

func (d deployment) checkEnv() error {
	var mistakes []error
	known := variablesOnFC()
	for name, value := range d.Resources.Watch.Props.Env {
		if !slices.Contains(known, name) {
			mistakes = append(mistakes, fmt.Errorf("the program knows no variable %s", name))
		}
		if value.ShortTag() != "!!str" {
			mistakes = append(mistakes, fmt.Errorf("variable %s is no string: put it in quotes", name))
		}
	}
	return errors.Join(mistakes...)
}

// variablesOnFC are the names the program asks for when it runs on Function Compute.
func variablesOnFC() []string {
	var names []string
	setup.LoadConfig(func(name string) string { // only asks here; that nothing is set is its mistake
		names = append(names, name)
		return ""
	}, setup.FunctionCompute)
	return names
}

func timerPeriod(cron string) (time.Duration, error) {
	d, ok := strings.CutPrefix(cron, "@every ")
	if !ok {
		return 0, errors.New("want @every and a duration, as the default")
	}
	return time.ParseDuration(d)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

func readDeployment(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withAlternatives takes the # off what is commented out: indented, and without the
// space that follows it in prose.
func withAlternatives(text string) string {
	return regexp.MustCompile(`(?m)^( {2,})#(\S|  )`).ReplaceAllString(text, "$1$2")
}

// loadDeployment renders the variables as `s` does and refuses unknown keys.
func loadDeployment(text string, env map[string]string) (deployment, error) {
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return deployment{}, err
	}
	var raw struct{ Vars map[string]string }
	if err := root.Decode(&raw); err != nil {
		return deployment{}, err
	}
	if err := renderNode(&root, raw.Vars, env); err != nil {
		return deployment{}, err
	}
	rendered, err := yaml.Marshal(&root)
	if err != nil {
		return deployment{}, err
	}
	strict := yaml.NewDecoder(bytes.NewReader(rendered))
	strict.KnownFields(true)
	var d deployment
	err = strict.Decode(&d)
	return d, err
}

// renderNode replaces ${vars.x}, ${env('X')} and ${env('X', 'default')}; anything else
// in such braces is a mistake.
func renderNode(n *yaml.Node, vars, env map[string]string) error {
	var mistakes []error
	reference := regexp.MustCompile(`\$\{(?:vars\.(\w+)|env\('(\w+)'(, '([^']*)')?\)|.*?)\}`)
	n.Value = reference.ReplaceAllStringFunc(n.Value, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		if value, ok := vars[m[1]]; ok {
			return value
		}
		if value, ok := env[m[2]]; ok {
			return value
		}
		if m[3] == "" {
			mistakes = append(mistakes, fmt.Errorf("line %d: nothing is known as %s", n.Line, ref))
		}
		return m[4]
	})
	for _, child := range n.Content {
		mistakes = append(mistakes, renderNode(child, vars, env))
	}
	return errors.Join(mistakes...)
}

// The archive is built without HTTP/2 (nethttpomithttp2): a client that asks for it would
// be another one there than in the tests.
func TestNoClientAsksForHTTP2(t *testing.T) {
	for path, text := range goSources(t) {
		for _, asks := range []string{"ForceAttemptHTTP2", "http.DefaultTransport", "http.DefaultClient", "SetHTTP2"} {
			if !strings.HasSuffix(path, "_test.go") && strings.Contains(text, asks) {
				t.Errorf("%s: %s", path, asks)
			}
		}
	}
}
