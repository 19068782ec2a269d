package aliyun

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"refreshwatch/poller"
)

// decode reads the body of a 200, or says what keeps it from being page number
// page of an answer. A false "no tasks" would be taken for peace and quiet, so
// nothing is guessed: keys count as spelled, none may come twice, and an empty
// list must be said.
func decode(body []byte, page int) (poller.Page, error) {
	if !json.Valid(body) {
		return poller.Page{}, errors.New("not one JSON value, whole and alone")
	}
	top := fields{{name: "RequestId"}, {name: "PageSize"}, {name: "PageNumber"}, {name: "TotalCount"}, {name: "Tasks"}}
	if err := top.read(body); err != nil {
		return poller.Page{}, err
	}
	requestID, size, number, total, tasks := top[0].raw, top[1].raw, top[2].raw, top[3].raw, top[4].raw
	if id, err := text(requestID); err != nil || id == "" {
		return poller.Page{}, errors.New("RequestId is missing")
	}
	if n, err := count(size); err != nil || n != poller.PageSize {
		return poller.Page{}, errors.New("PageSize is not the one that was asked for")
	}
	if n, err := count(number); err != nil || n != page {
		return poller.Page{}, errors.New("PageNumber is not the one that was asked for")
	}
	answer := poller.Page{Number: page}
	var err error
	if answer.Total, err = count(total); err != nil {
		return poller.Page{}, fmt.Errorf("TotalCount: %w", err)
	}
	if answer.Tasks, err = list(tasks, answer.Total > (page-1)*poller.PageSize); err != nil {
		return poller.Page{}, err
	}
	return answer, nil
}

// list reads {"Task":[...]}. How the service spells an empty one is not
// documented, and its neighbours leave the list out; this counts as empty only on a
// page that, by an explicit TotalCount, has no rows.
func list(raw []byte, rowsDue bool) ([]poller.Task, error) {
	inner := fields{{name: "Task"}}
	if !null(raw) {
		if err := inner.read(raw); err != nil {
			return nil, fmt.Errorf("in Tasks: %w", err)
		}
	}
	if rows := inner[0].raw; !null(rows) {
		return rowsOf(rows)
	}
	if rowsDue {
		return nil, errors.New("the list of tasks is missing")
	}
	return nil, nil
}

func rowsOf(raw []byte) ([]poller.Task, error) {
	if raw[0] != '[' {
		return nil, errors.New("what Task holds is not a list")
	}
	tasks := make([]poller.Task, 0, poller.PageSize)
	for value := range elements(raw) {
		if len(tasks) == poller.PageSize {
			return nil, fmt.Errorf("more than %d rows on a page", poller.PageSize)
		}
		task, err := row(value)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", len(tasks)+1, err)
		}
		tasks = append(tasks, task)
	}
	return tasks, nil
}

// row reads one task. A missing status counts as unfinished, like an unknown one.
func row(raw []byte) (poller.Task, error) {
	in := fields{
		{name: "TaskId"}, {name: "ObjectType"}, {name: "ObjectPath"}, {name: "Status"},
		{name: "Process"}, {name: "Description"}, {name: "CreationTime"},
	}
	if err := in.read(raw); err != nil {
		return poller.Task{}, err
	}
	var t poller.Task
	var created string
	for i, to := range [...]*string{
		&t.TaskID, &t.ObjectType, &t.ObjectPath, (*string)(&t.Status), &t.Process, &t.Description, &created,
	} {
		var err error
		if *to, err = text(in[i].raw); err != nil {
			return poller.Task{}, fmt.Errorf("%s: %w", in[i].name, err)
		}
	}
	if t.TaskID == "" && t.ObjectPath == "" {
		return poller.Task{}, errors.New("it has neither TaskId nor ObjectPath")
	}
	t.Created = moment(created)
	return t, nil
}

// count reads a whole number from 0 on, also as a numeric string.
func count(raw []byte) (int, error) {
	s, err := text(raw)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, errors.New("not a whole number")
	}
	return int(n), nil
}

// moment reads CreationTime. An unreadable one is no reason to lose the row.
func moment(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} { // the second in older CDN samples
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}
