package cli

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// Every text that a person may read on a command line has its Chinese: what this package
// says, and the mistakes, findings and hints of all packages. Who adds one adds its
// Chinese to words.zh.txt.
func TestEveryPhraseIsChinese(t *testing.T) {
	known := map[string]bool{}
	for english := range chinesePhrases() {
		known[shapeOf(english)] = true
	}
	for _, text := range spokenTexts(t) {
		if !known[shapeOf(text.english)] {
			t.Errorf("%s: %q has no Chinese in words.zh.txt", text.at, text.english)
		}
	}
}

// Help is Chinese to its last line.
func TestHelpIsChinese(t *testing.T) {
	w := words{chinese: true}
	check := func(what, text string) {
		if text != "" && w.translate(text) == text {
			t.Errorf("%s: %q has no Chinese in words.zh.txt", what, bare(text))
		}
	}
	prose := regexp.MustCompile(`(?m)^  refreshwatch .*? {3,}\S`)
	for _, c := range commands() {
		check(c.name, c.summary)
		for part := range strings.SplitSeq(c.about, "\n\n") {
			check(c.name, part)
		}
		if prose.MatchString(c.examples) {
			check(c.name, c.examples)
		}
		for _, line := range flagsOf(c, &options{}).lines {
			check(c.name+" "+line[0], line[1])
		}
	}
	for _, topic := range topics() {
		check(topic.name, topic.summary)
	}
}

// A phrase that nothing says any more is left over from a text that was changed.
func TestNoPhraseIsLeftOver(t *testing.T) {
	var all strings.Builder
	for path, text := range goSources(t) {
		if !strings.HasSuffix(path, "_test.go") {
			all.WriteString(bare(strings.NewReplacer(`\n`, " ", `\"`, `"`, "\"+\n", "", "` + \"", "").Replace(text)) + "\n")
		}
	}
	source := strings.ReplaceAll(all.String(), `" + "`, "")
	for english := range chinesePhrases() {
		for _, part := range verbs().Split(english, -1) {
			part = strings.Trim(part, ` :.,;"()`)
			if len(part) < 12 || strings.HasPrefix(english, "flag ") || strings.HasPrefix(english, "invalid ") || strings.HasPrefix(english, "matches ") || strings.HasPrefix(english, "sample ") || strings.HasPrefix(english, "context ") || strings.HasPrefix(english, "template: ") {
				continue // too short to tell, of the packages flag, template and context, or put together of parts
			}
			if !strings.Contains(source, part) && !strings.Contains(source, strings.ToLower(part[:1])+part[1:]) && !flagDefaults.MatchString(part) {
				t.Errorf("nothing says %q any more: remove %q from words.zh.txt", part, english)
				break
			}
		}
	}
}

// flagDefaults are put together from a help text and a default.
var flagDefaults = regexp.MustCompile(`\(default \w+$|table, json, csv, html`)

// A phrase that stands there twice may be corrected in the place that does not count.
func TestNoPhraseTwice(t *testing.T) {
	seen := map[string]bool{}
	for block := range strings.SplitSeq(chineseFile, "\n\n") {
		for english := range readPhrases(block) {
			if seen[english] {
				t.Errorf("%q is in words.zh.txt twice", english)
			}
			seen[english] = true
		}
	}
}

// The Chinese takes what the English takes.
func TestPhrasesTakeTheSame(t *testing.T) {
	kinds := func(s string) (all []string) {
		for _, verb := range verbs().FindAllString(s, -1) {
			all = append(all, verb[len(verb)-1:])
		}
		slices.Sort(all)
		return all
	}
	for english, chinese := range chinesePhrases() {
		e, c := kinds(english), kinds(chinese)
		if len(e) != len(c) {
			t.Errorf("%q takes %d values, its Chinese %q takes %d", english, len(e), chinese, len(c))
		}
	}
}

func TestTranslate(t *testing.T) {
	w := words{chinese: true}
	for english, want := range map[string]string{
		"unknown value \"x\"":                          "未知的值 \"x\"",
		"Did you mean Failed?":                         "您是想写 Failed 吗？",
		"nobody has translated this":                   "nobody has translated this",
		"profile role has no mode":                     "配置 role 没有 mode",
		"Did you mean failed?":                         "您是想写 failed 吗？",
		"sinks: ops, failed, empty":                    "sinks: ops, failed, empty",
		"unknown value \"a: empty; is missing\"":       "未知的值 \"a: empty; is missing\"",
		"value 2 holds a port and can match no domain": "第 2 个值含端口，不可能匹配任何域名",
		"a temporary key, ID …1234, from profile empty of ~/.aliyun/config.json":                                                                                                       "临时 AccessKey，ID …1234，来自 ~/.aliyun/config.json 的配置 empty",
		"a temporary key, ID …1234, from the environment":                                                                                                                              "临时 AccessKey，ID …1234，来自环境变量",
		"holds the tasks of product cdn, and PRODUCT is vod":                                                                                                                           "保存的是产品 cdn 的任务，而 PRODUCT 为 vod",
		"load checkpoint: the checkpoint is damaged: its checksum does not match":                                                                                                      "读取检查点：检查点已损坏：校验和不符",
		"load checkpoint: inspect /x: a part of the path is a file. CHECKPOINT must name a folder.":                                                                                    "读取检查点：检查 /x：路径中有一段是文件。CHECKPOINT 必须是文件夹。",
		"load checkpoint: GetObject oss://b/x: OSS answered 403 Forbidden (request id R1). Grant oss:GetObject on acs:oss:*:*:b/x.":                                                    "读取检查点：GetObject oss://b/x：OSS 返回 403 Forbidden（请求 ID R1）。请授予 oss:GetObject，资源 acs:oss:*:*:b/x。",
		`310000: DingTalk did not take the message: "sign not match. more: x". Check the bot's secret (DINGTALK_SECRET, or secret in CONFIG_FILE) against the bot's security settings`: `310000：钉钉没有接受消息："sign not match. more: x"。请对照机器人的安全设置检查机器人的密钥（DINGTALK_SECRET，或 CONFIG_FILE 中的 secret）`,
		"http_404: the receiver answered 404 Not Found. Check the bot's URL (DINGTALK_WEBHOOK_URL, or url in CONFIG_FILE), and whether it is still in the group":                       "http_404：接收方应答 404 Not Found。请检查机器人的 URL（DINGTALK_WEBHOOK_URL，或 CONFIG_FILE 中的 url），以及机器人是否还在群里",
		"API error Transport: host h: the connection was refused. Check the address: nothing listens there. The address comes from STS_ENDPOINT.":                                      "API 错误 Transport：主机 h：连接被拒绝。请检查地址：那里没有服务在监听。地址由 STS_ENDPOINT 决定。",
		"API error Forbidden.RAM: Not yours. Really: no (request R1)":                                                                                                                  "API 错误 Forbidden.RAM：Not yours. Really: no（请求 ID R1）",
		"load checkpoint: the checkpoint is damaged: generation 6 was written but is missing, no generation is left":                                                                   "读取检查点：检查点已损坏：版本 6 已写入，但不见了，没有任何版本留下",
		"load checkpoint: context deadline exceeded. The run had 1ms: give it more time (-timeout; on Function Compute the function's timeout)":                                        "读取检查点：超时。本次运行只有 1ms：请给它更多时间（-timeout；在函数计算上为函数的超时时间）",
		"left today: file 1996/2000, directory 99/100":                                                                                                                                 "今日剩余：URL 刷新 1996/2000、目录刷新 99/100",
		"\nIn flight (%d)":                                        "\n进行中（%d）",
		"sink ops: is missing":                                    "渠道 ops：缺少",
		"CONFIG_FILE: line 3, column 7":                           "CONFIG_FILE：第 3 行第 7 列",
		"a route is empty":                                        "路由为空",
		"unknown key \"a\" in sink ops, a sink of type wecom":     "渠道 ops（类型 wecom）中有未知的键 \"a\"",
		"dns: host h was not reached: the connection was refused": "dns：未能连接主机 h：连接被拒绝",
		"Ready, with 1 warning. Next: refreshwatch poll":          "已就绪，有 1 处注意。下一步：refreshwatch poll",
		"Ready. Next: s logs --tail":                              "已就绪。下一步：s logs --tail",
		"Set up the sinks before the next poll; then backfill -sink ops,dev sends what they missed":    "请先配置这些渠道再运行下一次 poll；然后用 backfill -sink ops,dev 补发漏掉的消息",
		"GetBucketVersioning oss://b: OSS answered 403 AccessDenied (request id R1)":                   "读取 oss://b 的版本控制：OSS 返回 403 AccessDenied（请求 ID R1）",
		"ram_role_arn of profile role: not the ARN of a RAM role":                                      "配置 role 的 ram_role_arn：不是 RAM 角色的 ARN",
		"source_profile of profile a: ~/.aliyun/config.json has no profile none":                       "配置 a 的 source_profile：~/.aliyun/config.json 中没有配置 none",
		"write checkpoint: the disk is full. Free space on the disk of /x.":                            "写入检查点：磁盘已满。请清理 /x 所在的磁盘。",
		"read checkpoint generation 1: permission denied":                                              "读取检查点版本 1：没有权限",
		"API error X: {\"code\": 0, \"msg\": \"not found: it does not exist\"} (request R1)":           "API 错误 X：{\"code\": 0, \"msg\": \"not found: it does not exist\"}（请求 ID R1）",
		"bad_answer: the answer is not Feishu's":                                                       "bad_answer：应答不是飞书的",
		"Add url: the bot's URL, with its token":                                                       "请加上 url：机器人的 URL，含 Token",
		"the folder does not exist":                                                                    "文件夹不存在",
		"unknown field in the request":                                                                 "请求中的未知字段",
		"3 tasks in the last hour":                                                                     "最近一小时有 3 个任务",
		"matches 3 of 5 watched tasks of the last hour, for ops":                                       "匹配最近一小时 5 个关注任务中的 3 个，发往 ops",
		"%s, the operator's own text":                                                                  "%s, the operator's own text",
		"Grant the role acs:ram::1:role/x the permission cdn:DescribeRefreshTasks with the policy {}.": "请给角色 acs:ram::1:role/x 授予权限 cdn:DescribeRefreshTasks，策略为 {}。",
		"Grant the RAM user or role the permission sts:AssumeRole with the policy {}, and name its account or role, with the same external id, in the trust policy of x.": "请给 RAM 用户或角色授予权限 sts:AssumeRole，策略为 {}；并在 x 的信任策略中写上其账号或角色以及相同的 External ID。",
		"assume the role acs:ram::1:role/x: the connection was reset": "扮演角色 acs:ram::1:role/x：连接被重置",
	} {
		if got := w.translate(english); got != want {
			t.Errorf("%q becomes %q, want %q", english, got, want)
		}
	}
	err := watch.Usage(&poller.Mistake{Setting: "-since", Problem: `invalid duration "3"`, Next: "Write it like 24h, 90m or 3d"},
		&poller.Mistake{Setting: "-status", Problem: `unknown value "Faild"`, Next: "Did you mean Failed?"})
	if got, want := w.err(err), "-since：\"3\" 不是时长。请写成 24h、90m 或 3d 这样。\n-status：未知的值 \"Faild\"。您是想写 Failed 吗？"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	api := fmt.Errorf("poll: %w", &poller.Error{Code: "Forbidden.RAM", RequestID: "R1", Err: errors.New("no"), Hint: "Set this machine's clock: it is off by more than 15 minutes."})
	if got, want := w.err(api), "poll：API 错误 Forbidden.RAM：no（请求 ID R1）。请校准本机时钟：相差超过 15 分钟。"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := (words{}).err(api); got != api.Error() {
		t.Errorf("English became %s", got)
	}
}

func TestWordsOf(t *testing.T) {
	for _, c := range []struct {
		env      map[string]string
		terminal bool
		want     bool
	}{
		{nil, true, false},
		{map[string]string{"MESSAGE_LANG": "zh"}, false, true},
		{map[string]string{"MESSAGE_LANG": "zh-CN"}, false, true},
		{map[string]string{"MESSAGE_LANG": "zh_CN.UTF-8"}, false, true},
		{map[string]string{"MESSAGE_LANG": "ZH-Hans"}, false, true},
		{map[string]string{"MESSAGE_LANG": "en", "LANG": "zh_CN.UTF-8"}, true, false},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, true, true},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, false, false}, // for a script the words stay
		{map[string]string{"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, true, false},
		{map[string]string{"LC_MESSAGES": "zh_TW.UTF-8", "LANG": "de_DE.UTF-8"}, true, true},
		{map[string]string{"LANG": "zhuang"}, true, false},
		{map[string]string{"MESSAGE_LANG": "cn", "LANG": "zh_CN.UTF-8"}, true, true}, // who reads Chinese reads what is wrong
		{map[string]string{"MESSAGE_LANG": "cn", "LANG": "en_US.UTF-8"}, true, false},
		{map[string]string{"MESSAGE_LANG": "cn", "LANG": "zh_CN.UTF-8"}, false, true},
		{map[string]string{"MESSAGE_LANG": "EN", "LANG": "zh_CN.UTF-8"}, true, false},
	} {
		got := wordsOf(func(name string) string { return c.env[name] }, c.terminal)
		if got.chinese != c.want {
			t.Errorf("%v, terminal %v: Chinese %v", c.env, c.terminal, got.chinese)
		}
	}
}

// shapeOf is a text with every value in it the same.
func shapeOf(text string) string { return verbs().ReplaceAllString(bare(text), "%s") }

type spoken struct{ at, english string }

// goSources are the Go files of the module, without those that only tests and the demo use.
func goSources(t *testing.T) map[string]string {
	t.Helper()
	root, all := moduleRoot(t), map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		for _, skip := range []string{"apitest", "checkpointtest", "notifiertest", "fctest", ".ci"} {
			if strings.Contains(filepath.ToSlash(path), "/"+skip+"/") {
				return nil
			}
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// spokenTexts are the texts that people read: arguments of say, print, label and count
// in this package; everywhere the parts of mistakes, findings and hints.
func spokenTexts(t *testing.T) (all []spoken) {
	t.Helper()
	files := token.NewFileSet()
	for path, text := range goSources(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		add := func(e ast.Expr) {
			english := textOf(e)
			if english = strings.TrimSpace(english); strings.ContainsAny(strings.ReplaceAll(shapeOf(english), "%s", ""), "abcdefghijklmnopqrstuvwxyz") {
				all = append(all, spoken{files.Position(e.Pos()).String(), english})
			}
		}
		inspect(file, strings.Contains(filepath.ToSlash(path), "/function/cli/"), add)
	}
	return all
}

// inspect finds the texts of a file.
func inspect(file *ast.File, cli bool, add func(ast.Expr)) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := nameOf(n.Fun)
			switch {
			case cli && (name == "say" || name == "print" || name == "label") && len(n.Args) > 0 && isLiteral(n.Args[0]):
				add(n.Args[0])
			case name == "finding" && len(n.Args) == 4:
				add(n.Args[2])
				add(n.Args[3])
			case (name == "wrong" || name == "wrongAt") && len(n.Args) == 3:
				add(n.Args[1])
				add(n.Args[2])
			case name == "wrong" && len(n.Args) == 2: // of CHECKPOINT's URL
				add(n.Args[0])
				add(n.Args[1])
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if len(n.Lhs) == len(n.Rhs) && slices.Contains([]string{"Detail", "Hint", "Problem", "Next", "problem", "next", "hint", "detail"}, nameOf(to)) {
					add(n.Rhs[i])
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if strings.HasPrefix(name.Name, "hint") && i < len(n.Values) {
					add(n.Values[i])
				}
			}
		case *ast.FuncDecl:
			if strings.HasSuffix(n.Name.Name, "Problem") || n.Name.Name == "verdict" {
				addReturned(n, add)
			}
		case *ast.CompositeLit:
			kind := nameOf(n.Type)
			for _, element := range n.Elts {
				if call, ok := element.(*ast.CallExpr); kind == "RunError" && ok && len(call.Args) > 0 && (nameOf(call.Fun) == "Errorf" || nameOf(call.Fun) == "New") {
					add(call.Args[0])
				}
			}
			if kind == "" && len(n.Elts) == 3 && isLiteral(n.Elts[0]) {
				if strings.HasSuffix(textOf(n.Elts[2]), ".") { // a rule of a table: code, class, hint
					add(n.Elts[2])
				}
			}
			for _, element := range n.Elts {
				field, ok := element.(*ast.KeyValueExpr)
				if !ok {
					continue
				}
				switch key := nameOf(field.Key); {
				case kind == "Mistake" && (key == "Problem" || key == "Next"), key == "Hint" && kind != "Notice", (kind == "Finding" || kind == "") && key == "Detail":
					add(field.Value)
				}
			}
		}
		return true
	})
}

// addReturned adds what a function returns.
func addReturned(f *ast.FuncDecl, add func(ast.Expr)) {
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			for _, result := range r.Results {
				add(result)
			}
		}
		return true
	})
}

func isLiteral(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	return ok && lit.Kind == token.STRING
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// filledIn stands in hints for what only a run knows, such as {token}.
var filledIn = regexp.MustCompile(`\{[a-z]+\}`)

// textOf is a text as it is put together, with %s for what is not written down.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return filledIn.ReplaceAllString(text, "%s")
		}
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.ParenExpr:
		return textOf(e.X)
	case *ast.CallExpr:
		if nameOf(e.Fun) == "Sprintf" && isLiteral(e.Args[0]) {
			text, _ := strconv.Unquote(e.Args[0].(*ast.BasicLit).Value)
			return text
		}
	}
	return "%s"
}
