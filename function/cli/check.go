package cli

import (
	"context"
	"fmt"
	"time"

	"refreshwatch/function/setup"
	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// check verifies a deployment, or with -survey the API.
func check(ctx context.Context, o *options, sh Shell) int {
	if !o.survey {
		return runRequest(ctx, o, sh)
	}
	switch {
	case o.req.Post:
		return sh.fail(watch.Usage(&poller.Mistake{Setting: "-survey", Problem: "only reads the API, and does not go with -post", Next: "Give one of the two"}))
	case o.req.Offline:
		return sh.fail(watch.Usage(&poller.Mistake{Setting: "-survey", Problem: "reads the API, and does not go with -offline", Next: "Give one of the two"}))
	}
	return sh.survey(ctx, o)
}

func (sh Shell) survey(ctx context.Context, o *options) int {
	line, log := sh.begin(o)
	w, err := setup.ConfigureAPI(sh.Getenv, log)
	if err != nil {
		return sh.fail(err)
	}
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	began := time.Now()
	api := &watch.Guarded{Lister: w.API, Log: w.Log, Answered: newProgress(sh, line, w.Log).answered}
	found, asked, err := takeSurvey(ctx, api, began, time.Sleep)
	line.clear()
	if err != nil {
		sh.printError(err)
		return 1
	}
	if sh.OutTTY {
		sh.note(sh.say("The paragraph below can go into a bug report as it is: no path, no domain, no id"))
	}
	fmt.Fprintln(sh.Out, wrap(surveyText(w.Config.Product.Title, w.Config.Region, began, found, asked), sh.terminalWidth()))
	if sh.OutTTY && !o.json {
		return 0
	}
	report := watch.Report{Action: watch.ActionCheck, Run: watch.NewRunID(), APICalls: asked, TookMS: time.Since(began).Milliseconds()}
	for _, f := range found {
		report.Checks = append(report.Checks, watch.Finding{Item: "survey: " + f.item, Level: sink.OK, Detail: f.answer})
	}
	fmt.Fprintln(sh.Out, reportLine(report))
	return 0
}

// terminalWidth is the width of stdout; 0 where it is no terminal.
func (sh Shell) terminalWidth() int {
	if !sh.OutTTY {
		return 0
	}
	return sh.Width
}

// otherLanguage says in check what the language of the command line, which is the
// terminal's, hides: the messages have their own.
func (sh Shell) otherLanguage(r watch.Report, messages string) []watch.Finding {
	if r.Checks == nil || !sh.chinese || messages == "zh" {
		return nil
	}
	return []watch.Finding{{Item: "messages", Level: sink.OK, Detail: "are in English: a terminal's language does not count for them",
		Hint: "For Chinese messages set MESSAGE_LANG=zh, with TIME_ZONE, such as Asia/Shanghai, for the times in them"}}
}
