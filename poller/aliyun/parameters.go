package aliyun

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"refreshwatch/poller"
)

// timeLayout is whole seconds in UTC, the only form the API takes.
const timeLayout = "2006-01-02T15:04:05Z"

// parameters spells a query as the API wants it, and refuses one that the API would
// refuse.
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
		// The API does not know an abbreviated path. Without it the answer holds
		// more rows than were asked for, the one in question among them.
		if value != "" && !isAbbreviated(value) {
			params[name] = value
		}
	}
	return params, nil
}

// brokenRule names the rule of DescribeVodRefreshTasks or of the stricter CDN and
// DCDN (read 2026-11) that the query breaks; "" if none.
func brokenRule(q poller.Query, page int) string {
	switch {
	case page < 1:
		return "pages are numbered from 1"
	case q.From.IsZero() || q.To.IsZero():
		return "both times must be set"
	case !q.From.Truncate(time.Second).Before(q.To.Truncate(time.Second)):
		return "the window must end after it starts"
	case q.ObjectType == "" && q.Status != "":
		return "a status filter needs an object type"
	case q.ObjectType == "" && q.Domain != "":
		return "a domain filter needs an object type"
	case q.Status == poller.Pending:
		return "the API cannot filter by the status Pending"
	case strings.ContainsAny(q.TaskID, ", "):
		return "a query takes one task id"
	case isAbbreviated(q.TaskID):
		return "the task id is too long to be asked for"
	}
	return ""
}
