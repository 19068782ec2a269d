package aliyun

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"refreshwatch/poller"
)

// parameters spells the question as the API wants it, and refuses one that it
// would refuse.
func parameters(q poller.Query, page int) (map[string]string, error) {
	if rule := brokenRule(q, page); rule != "" {
		return nil, &poller.Error{Class: poller.Rejected, Code: "BadQuery", Err: errors.New(rule)}
	}
	params := map[string]string{
		"StartTime":  q.From.UTC().Format(timeLayout),
		"EndTime":    q.To.UTC().Format(timeLayout),
		"PageNumber": strconv.Itoa(page),
		"PageSize":   strconv.Itoa(poller.PageSize),
	}
	for name, value := range map[string]string{
		"Status": string(q.Status), "ObjectType": q.ObjectType, "DomainName": q.Domain,
		"TaskId": q.TaskID, "ObjectPath": q.ObjectPath,
	} {
		if value != "" {
			params[name] = value
		}
	}
	return params, nil
}

// timeLayout is whole seconds in UTC, the only form the API takes.
const timeLayout = "2006-01-02T15:04:05Z"

// brokenRule names the rule of DescribeVodRefreshTasks or of its stricter
// siblings (CDN, DCDN; read 2026-11) that the question breaks; "" if none.
func brokenRule(q poller.Query, page int) string {
	switch {
	case page < 1:
		return "pages count from 1"
	case q.From.IsZero() || q.To.IsZero():
		return "both times must be set"
	case !q.From.Truncate(time.Second).Before(q.To.Truncate(time.Second)):
		return "the end of the window must be after its start"
	case q.ObjectType == "" && q.Status != "":
		return "a filter on the status needs one on the object type"
	case q.ObjectType == "" && q.Domain != "":
		return "a filter on the domain needs one on the object type"
	case q.Status == poller.Pending:
		return "the API cannot filter on the status Pending"
	case strings.ContainsAny(q.TaskID, ", "):
		return "one task id a question"
	}
	return ""
}
