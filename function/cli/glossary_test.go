package cli

import (
	"regexp"
	"strings"
	"testing"
)

// glossary is what the Chinese README and the command line call things. One word for one
// thing: whoever reads about 发件箱 in one of them must find it in the other.
var glossary = []struct {
	english, chinese string
	not              string // other words for it, as a pattern
}{
	{"poll", "轮询", `(每分钟|每次|第一次|一次|连续三次|反复)查询`},
	{"API", "API", `接口`},
	{"access key", "AccessKey", `访问密钥|(长期|临时)密钥`},
	{"token", "Token", `令牌`},
	{"outbox", "发件箱", `发送箱|待发箱|待发队列|待发消息`},
	{"dead letter", "死信", `死信件|废信`},
	{"sink", "渠道", `接收端|通道`},
	{"checkpoint", "检查点", `断点|存档点`},
	{"stderr", "标准错误", `(^|[^a-z])stderr([^a-z]|$)`},
	{"error code", "错误代码", `错误码`},
	{"stalled", "长时间未结束", `停滞|超时未结束`},
	{"expired (of a task)", "结果未知", `(任务|或|和|，)过期`},
	{"pattern", "模式", `通配`},
	{"deadline", "时限", `截止时间`},
	{"heartbeat", "心跳", `心跳包|心跳信号`},
	{"backfill", "补发", `回填|回补`},
}

func TestChineseGlossary(t *testing.T) {
	readme := string(readReadme(t, chinese) + readReadme(t, chineseReference))
	var said []string
	for line := range strings.Lines(chineseFile) {
		if zh, ok := strings.CutPrefix(line, "= "); ok {
			said = append(said, zh)
		}
	}
	for name, text := range map[string]string{"the Chinese documents": readme, "words.zh.txt": strings.Join(said, "")} {
		for _, term := range glossary {
			if !strings.Contains(text, term.chinese) {
				t.Errorf("%s has no %s for %s", name, term.chinese, term.english)
			}
			for _, found := range regexp.MustCompile(`(?m)`+term.not).FindAllString(text, 3) {
				t.Errorf("%s: %q instead of %s for %s", name, found, term.chinese, term.english)
			}
		}
	}
}
