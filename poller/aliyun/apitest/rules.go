package apitest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"refreshwatch/poller"
)

const timeLayout = "2006-01-02T15:04:05Z"

// read takes the operation's parameters from a form.
func read(form url.Values) (q Request, refused *refusal) {
	q = Request{
		Action: form.Get("Action"), form: form,
		Page: 1, Size: 20, // the document's defaults
		Status:     poller.Status(form.Get("Status")),
		ObjectType: form.Get("ObjectType"),
		Domain:     form.Get("DomainName"),
		TaskID:     form.Get("TaskId"),
		ObjectPath: form.Get("ObjectPath"),
	}
	for name, to := range map[string]*int{"PageNumber": &q.Page, "PageSize": &q.Size} {
		if value := form.Get(name); value != "" {
			n, err := strconv.Atoi(value)
			if err != nil {
				return q, invalid("Invalid"+name, "Specified parameter "+name+" is not valid.")
			}
			*to = n
		}
	}
	for name, to := range map[string]*time.Time{"StartTime": &q.From, "EndTime": &q.To} {
		if value := form.Get(name); value != "" {
			at, err := time.Parse(timeLayout, value)
			if err != nil {
				return q, invalid("Invalid"+name+".Malformed", "Specified parameter "+name+" is not valid.")
			}
			*to = at
		}
	}
	return q, nil
}

// rules are the document's; with strict those of the siblings, too.
func rules(q Request, p product, now time.Time, strict bool) *refusal {
	if refused := documented(q, p); refused != nil || !strict {
		return refused
	}
	switch {
	case q.From.IsZero() != q.To.IsZero():
		return invalid("MissingParameter", "StartTime and EndTime can not be single.")
	case q.ObjectType == "" && (q.Status != "" || q.Domain != ""):
		return invalid("MissingParameter.ObjectType", "ObjectType is mandatory when Status or DomainName is set.")
	case !q.From.IsZero() && q.From.Before(now.Add(-memory)):
		return invalid("InvalidTime", "The time range cannot exceed the last 3 days.")
	}
	return nil
}

func documented(q Request, p product) *refusal {
	switch {
	case q.Page < 1 || q.Page > 100_000:
		return invalid("InvalidPageNumber", "Specified parameter PageNumber is not valid.")
	case q.Size < 1 || q.Size > p.maxSize:
		return invalid("InvalidPageSize", "Specified parameter PageSize is not valid.")
	case !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To):
		return invalid("InvalidEndTime.Mismatch", "The specified EndTime does not match the specified StartTime.")
	case q.Status != "" && !slices.Contains(p.statuses, q.Status):
		return invalid("InvalidStatus.ValueNotSupported", "The specified Status is not supported.")
	case !taskID(q.TaskID):
		return invalid("InvalidTaskId.Malformed", "The specified TaskId is invalid.")
	}
	if q.ObjectType == "" || slices.Contains(p.types, strings.ToLower(q.ObjectType)) {
		return nil
	}
	return invalid("InvalidObjectType.ValueNotSupported", "The specified ObjectType is not supported.")
}

// taskID reports whether id is one id. Real ones are digits; others make tests
// easier to read.
func taskID(id string) bool {
	return len(id) <= 64 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}
