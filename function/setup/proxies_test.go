package setup

import (
	"strings"
	"testing"

	"refreshwatch/poller"
)

// A malformed proxy variable stops the program with the variable's name and the next
// step, and never with its text: the library would go without a proxy, and say nothing.
func TestProxyVariables(t *testing.T) {
	good := map[string][]string{
		"HTTPS_PROXY": {"http://proxy:3128", "proxy:3128", "proxy", "http://proxy", "http://proxy:3128/", "http://user:p%40ss@proxy:3128", "https://proxy:443", "socks5://127.0.0.1:1080", "socks5h://proxy:1080", "http://[::1]:3128"},
		"http_proxy":  {"http://proxy:3128"},
		"NO_PROXY":    {"*", "localhost,127.0.0.1, ::1", ".example.com,*.example.com,example.com:443", "10.0.0.0/8,fd00::/8", "example.com,", "[::1]:80", "内网.example.com"},
	}
	bad := map[string][]string{
		"HTTPS_PROXY": {"http://secret:pa ss@proxy:3128", "http://secret:pa%zz@proxy:3128", "http://proxy:port", "http://", "://secret", "htp://secret:3128", "ftp://secret", `"http://secret:3128"`, "http://proxy:3128/secret", "http://secret pass@proxy", "http://:3128", "http://proxy:3128?key=secret", "https://user:sec#ret@proxy:3128", "http://secret:pa\nss@proxy"},
		"https_proxy": {"http://proxy:31 28"},
		"HTTP_PROXY":  {"htp://secret"},
		"http_proxy":  {"http://secret:3128:1"},
		"NO_PROXY":    {"https://example.com", "example.com/path", "10.0.0.0/33", "10.0.*", "a.example.com b.example.com", "a;b", "ok.example.com,:443"},
		"no_proxy":    {"http://x"},
	}
	load := func(variable, value string) []*poller.Mistake {
		env := map[string]string{"CHECKPOINT": "file:///tmp/x", variable: value}
		_, err := LoadConfig(func(name string) string { return env[name] }, CommandLine)
		return poller.Mistakes(err)
	}
	for variable, values := range good {
		for _, value := range values {
			if m := load(variable, value); len(m) > 0 {
				t.Errorf("%s=%s: %v", variable, value, m[0])
			}
		}
	}
	for variable, values := range bad {
		for _, value := range values {
			m := load(variable, value)
			if len(m) != 1 || m[0].Setting != variable || m[0].Next == "" || strings.Contains(m[0].Error(), "secret") || strings.Contains(m[0].Error(), "pa%") {
				t.Errorf("%s=%q: %v", variable, value, m)
			}
		}
	}
	env := map[string]string{"CHECKPOINT": "file:///tmp/x", "HTTPS_PROXY": "http://proxy:3128", "https_proxy": "htp://ignored"}
	if _, err := LoadConfig(func(name string) string { return env[name] }, CommandLine); err != nil {
		t.Errorf("only the first of two spellings counts: %v", err)
	}
}
