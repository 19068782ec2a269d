package template

import (
	"fmt"
	"strings"
)

// product is what messages say of the service whose tasks are watched.
type product struct {
	title      string // in front of the task's type; "" for VOD, which is what people expect
	permission string
	endpoint   string // the variable that sets it
	console    string
}

// The refresh pages of the consoles have no documented addresses of their own (read 2026-11).
var products = map[string]product{
	"vod":  {"", "vod:DescribeVodRefreshTasks", "VOD_ENDPOINT", "https://vod.console.aliyun.com/"},
	"cdn":  {"CDN", "cdn:DescribeRefreshTasks", "CDN_ENDPOINT", "https://cdn.console.aliyun.com/"},
	"dcdn": {"DCDN", "dcdn:DescribeDcdnRefreshTasks", "DCDN_ENDPOINT", "https://dcdn.console.aliyun.com/"},
}

// maxConsole is how long the console's address may be: titles carry it.
const maxConsole = 500

// consoleURL is the address behind titles and buttons, made safe for all dialects:
// no character in it ends a link.
func consoleURL(own string, p product) (string, error) {
	if own == "" {
		return p.console, nil
	}
	own = strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", "(", "%28", ")", "%29", "[", "%5B", "]", "%5D", `"`, "%22", " ", "%20", `\`, "%5C", "`", "%60").Replace(clean(own))
	if len(own) > maxConsole {
		return "", fmt.Errorf("the console's URL is longer than %d bytes", maxConsole)
	}
	return own, nil
}
