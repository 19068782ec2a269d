package setup

import (
	"strings"
	"testing"
)

// What editors, shells, copies and tools leave in a value. "hunter2" must not be
// repeated.
func TestCheckShape(t *testing.T) {
	for _, c := range []struct {
		value string
		shape shape
		want  string // in the problem; "" accepts
	}{
		{"xoxb-12-34-hunter2", word, ""},
		{"https://oapi.dingtalk.com/robot/send?access_token=hunter2", word, ""},
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw==", word, ""},
		{"JBSWY3DPEHPK3PXP====", word, ""},
		{"https://your-server.de/hook", word, ""},
		{"CAIS8wF1q6Ft5B2yfSjIr5fP+/hunter2==", word, ""},
		{"/home/me/sinks 2/refreshwatch.yaml", line, ""},
		{"视频.example.com", name, ""},
		{"Prod – 上海", line, ""},
		{"<!subteam^S0123> <@U1>", line, ""},
		{`<at user_id="all"></at>`, line, ""},
		{"costs 5$ or 6 $", line, ""},
		{"a=b", line, ""},
		{"secret", word, ""},

		{`"xoxb-hunter2"`, word, "quotes around"},
		{"'xoxb-hunter2'", word, "quotes around"},
		{"“xoxb-hunter2”", word, "quotes around"},
		{"「xoxb-hunter2」", word, "quotes around"},
		{`"Production"`, line, "quotes around"},
		{`"xoxb-hunter2`, word, "begins or ends with a quote"},
		{"xoxb-hunter2`", word, "begins or ends with a quote"},
		{"xoxb-'hunter2", word, "holds a quote"},
		{"SLACK_BOT_TOKEN=xoxb-hunter2", word, "variable's name"},
		{"export SLACK_BOT_TOKEN=xoxb-hunter2", word, "variable's name"},
		{"FEISHU_SECRET = hunter2", word, "variable's name"},
		{"token: hunter2", word, "variable's name"},
		{"AccessKeyId=hunter2", word, "variable's name"},
		{"LABEL=prod", line, "variable's name"},
		{"Bearer xoxb-hunter2", word, "header"},
		{"bearer  hunter2", word, "header"},
		{"$SLACK_BOT_TOKEN", word, "reference"},
		{"https://h/${HUNTER2:-hunter2}", word, "reference"},
		{"$(cat hunter2)", word, "reference"},
		{"%SLACK_BOT_TOKEN%", word, "reference"},
		{"{{ .Values.hunter2 }}", word, "reference"},
		{"${{ secrets.HUNTER2 }}", word, "reference"},
		{"<xoxb-hunter2>", word, "angle bracket"},
		{"<https://h/hunter2", word, "angle bracket"},
		{"xoxb-…", word, "placeholder"},
		{"xoxb-...", word, "placeholder"},
		{"xoxb-hunter2***", word, "placeholder"},
		{"••••••••", word, "placeholder"},
		{"your-token-here", word, "placeholder"},
		{"https://hc-ping.com/your-uuid-here", word, "placeholder"},
		{"https://hooks.example.com/services/YOUR_TOKEN", word, "placeholder"},
		{"xoxb-xxxxxxxxxxxx", word, "placeholder"},
		{"undefined", word, "placeholder"},
		{"null", word, "placeholder"},
		{"hunter2,", word, "comma"},
		{"hunter2;", word, "comma"},
		{"hunter2 # the bot's", word, "comment"},
		{`hunter2\n`, word, "backslash"},
		{"hunter2\nhunter2", word, "line break"},
		{"two\r\nlines", line, "line break"},
		{"xoxb-\thunter2", word, "tab"},
		{"xoxb- hunter2", word, "space"},
		{"xoxb-\u00a0hunter2", word, "space"},
		{"xoxb-\u200bhunter2", word, "invisible character (U+200B)"},
		{"\ufeffxoxb-hunter2", word, "invisible character (U+FEFF)"},
		{"prod\u202e", line, "invisible character (U+202E)"},
		{"xoxb-\x1b[0mhunter2", word, "invisible character (U+001B)"},
		{"xoxb-hunter２", word, "２ (U+FF12)"},
		{"https：//h/hunter2", word, "： (U+FF1A)"},
		{"xоxb-hunter2", word, "о (U+043E)"}, // Cyrillic
		{"xoxb-\xff", word, "no text"},
	} {
		m := checkShape(c.value, c.shape)
		switch {
		case c.want == "" && m != nil:
			t.Errorf("%q is refused: %v", c.value, m)
		case c.want == "":
		case m == nil:
			t.Errorf("%q passes", c.value)
		case !strings.Contains(m.Problem, c.want) || m.Next == "":
			t.Errorf("%q: %v, want %q", c.value, m, c.want)
		case strings.Contains(strings.ToLower(m.Error()), "hunter2"):
			t.Errorf("%q: repeats it: %v", c.value, m)
		}
	}
}
