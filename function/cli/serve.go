package cli

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
	"refreshwatch/poller/aliyun/apitest"
)

// serveEvery is the time between two submissions to the simulated API.
const serveEvery = 15 * time.Second

// serve keeps the simulated API up until ctx is done. The first lines of stdout set
// what points the other commands at it; whatever follows is a comment to a shell, so
// that all of the output can be evaluated.
func serve(ctx context.Context, sh Shell) int {
	product, known := demoProduct(sh)
	if !known {
		return unknownProduct(sh)
	}
	dir, err := os.MkdirTemp("", "refreshwatch-demo-")
	if err != nil {
		sh.printError(err)
		return 1
	}
	defer os.RemoveAll(dir)
	api := apitest.New(apitest.Options{Product: product.Name, Strict: true, KeepRequests: 1000})
	if err := api.Add(history(product, time.Now())...); err != nil {
		sh.printError(err)
		return 1
	}
	address, stop, err := api.Start()
	if err != nil {
		sh.printError(err)
		return 1
	}
	defer stop()
	for _, line := range exports(product, address, dir) {
		fmt.Fprintln(sh.Out, line)
	}
	for line := range strings.Lines("\n" + sh.paragraphs(serveHelp) + "\n") {
		fmt.Fprint(sh.Out, strings.TrimRight("# "+line, " \n")+"\n")
	}
	for n := 1; poller.Sleep(ctx, serveEvery) == nil; n++ {
		tasks := nextSubmission(product, n, time.Now())
		if err := api.Add(tasks...); err != nil {
			sh.printError(err)
			return 1
		}
		fmt.Fprintln(sh.Out, "#", time.Now().Format(time.TimeOnly), sh.say("task %s: submitted, %s of type %s", tasks[0].TaskID, sh.count(len(tasks), "row"), tasks[0].ObjectType))
	}
	return 0
}

// demoProduct is the one whose API is simulated.
func demoProduct(sh Shell) (product aliyun.Product, known bool) {
	return aliyun.ProductNamed(strings.ToLower(cmp.Or(sh.Getenv("PRODUCT"), "vod")))
}

func unknownProduct(sh Shell) int {
	return sh.fail(watch.Usage(&poller.Mistake{Setting: "PRODUCT", Problem: "unknown value", Next: "Known: vod, cdn, dcdn"}))
}

const serveHelp = `A simulated API answers there until you stop it with Ctrl-C. Its tasks progress, and
new ones appear. Paste the lines above into another shell, and try:

  refreshwatch check
  refreshwatch poll                    again and again; add a sink to see its messages
  refreshwatch list -status Failed,Timeout
  refreshwatch wait 15690001           an id that appears below
  refreshwatch backfill -since 24h
`

// exports are the lines that point the other commands at the simulated API, and away
// from everything of the user's own.
func exports(p aliyun.Product, address, dir string) []string {
	set := func(name, value string) string { return fmt.Sprintf("export %s='%s'", name, value) }
	checkpoint := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(dir), "/")}
	return []string{
		set("PRODUCT", p.Name),
		set(p.EndpointVariable(), address),
		set("STS_ENDPOINT", address),
		set("ALIBABA_CLOUD_ACCESS_KEY_ID", apitest.AccessKeyID),
		set("ALIBABA_CLOUD_ACCESS_KEY_SECRET", apitest.Secret),
		set("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
		set("WATCH_ROLE_ARN", ""),
		set("WATCH_ROLE_EXTERNAL_ID", ""),
		set("CHECKPOINT", checkpoint.String()),
	}
}

// history is what was submitted before: hours ago, and minutes ago.
func history(p aliyun.Product, now time.Time) []apitest.Task {
	var all []apitest.Task
	for i, age := range []time.Duration{70 * time.Hour, 26 * time.Hour, 3 * time.Hour, 40 * time.Minute} {
		steps := apitest.Finish(5 * time.Minute)
		if i == 2 {
			steps = apitest.Fail(6*time.Minute, "Origin Return StatusCode 5XX")
		}
		all = append(all, simulated(p, fmt.Sprint(15680000+i), "file", 3, now.Add(-age), steps)...)
	}
	return append(all, demoTasks(now)...)
}

// nextSubmission is the n-th one. They finish, fail and hang in every way, most after
// seconds, and one in eight has more rows than a page.
func nextSubmission(p aliyun.Product, n int, now time.Time) []apitest.Task {
	kinds := []string{"file", "directory", "preload"}
	took := time.Duration(20+n*13%70) * time.Second
	steps, size := apitest.Finish(took), 1+n*7%5
	switch n % 8 {
	case 3:
		steps = apitest.Fail(took, "Origin Timeout")
	case 5:
		size = 60
	case 6:
		steps = apitest.Stuck(took)
	case 7:
		steps = []apitest.Step{{After: took / 4, Status: poller.Refreshing}, {After: took, Status: poller.Timeout}}
	}
	tasks := simulated(p, fmt.Sprint(15690000+n), kinds[n%len(kinds)], size, now, steps)
	if size > 3 { // one of many fails
		tasks[1].Steps = apitest.Fail(took+10*time.Second, "Origin Return StatusCode 404")
	}
	return tasks
}

// simulated is one task id with its rows.
func simulated(p aliyun.Product, id, kind string, size int, created time.Time, steps []apitest.Step) []apitest.Task {
	var tasks []apitest.Task
	for i := range size {
		object := fmt.Sprintf("https://%s.example.com/%s/%d.html", p.Name, id, i+1)
		if kind == "directory" {
			object = strings.TrimSuffix(object, ".html") + "/"
		}
		tasks = append(tasks, apitest.Task{
			Created: created, Steps: steps,
			Key: poller.Key{TaskID: id, ObjectType: kind, ObjectPath: object},
		})
	}
	return tasks
}
