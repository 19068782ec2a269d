package vod

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"refreshwatch/poller"
)

// decode reads the body of a 200, or says what keeps it from being page number
// page of an answer. A false "no tasks" would be taken for peace and quiet, so
// nothing is guessed: keys count as spelled, none may come twice, and an empty
// list must be said.
func decode(body []byte, page int) (poller.Page, error) {
	var (
		requestID, number, size, total json.RawMessage
		tasks                          json.RawMessage
	)
	err := object(body, fields{
		"RequestId": &requestID, "PageNumber": &number, "PageSize": &size, "TotalCount": &total, "Tasks": &tasks,
	})
	if err != nil {
		return poller.Page{}, err
	}
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
	if answer.Total, err = count(total); err != nil {
		return poller.Page{}, fmt.Errorf("TotalCount: %w", err)
	}
	if answer.Tasks, err = list(tasks, answer.Total); err != nil {
		return poller.Page{}, err
	}
	return answer, nil
}

// list reads {"Task":[...]}. How the service spells an empty one is not
// documented, and its neighbours leave the list out; this counts as empty only
// next to an explicit TotalCount of 0.
func list(raw json.RawMessage, total int) ([]poller.Task, error) {
	var rows json.RawMessage
	if !null(raw) {
		if err := object(raw, fields{"Task": &rows}); err != nil {
			return nil, fmt.Errorf("Tasks: %w", err)
		}
	}
	if null(rows) {
		if total == 0 {
			return nil, nil
		}
		return nil, errors.New("the list of tasks is missing")
	}
	var each []json.RawMessage
	if err := json.Unmarshal(rows, &each); err != nil {
		return nil, errors.New("Task is not a list")
	}
	if len(each) > poller.PageSize {
		return nil, fmt.Errorf("%d rows on a page of %d", len(each), poller.PageSize)
	}
	tasks := make([]poller.Task, len(each))
	for i, raw := range each {
		var err error
		if tasks[i], err = row(raw); err != nil {
			return nil, fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return tasks, nil
}

// row reads one task. A missing status counts as unfinished, like an unknown one.
func row(raw json.RawMessage) (poller.Task, error) {
	var id, kind, path, status, process, description, created json.RawMessage
	err := object(raw, fields{
		"TaskId": &id, "ObjectType": &kind, "ObjectPath": &path, "Status": &status,
		"Process": &process, "Description": &description, "CreationTime": &created,
	})
	if err != nil {
		return poller.Task{}, err
	}
	var t poller.Task
	var when string
	for _, f := range []struct {
		name string
		raw  json.RawMessage
		to   *string
	}{
		{"TaskId", id, &t.TaskID}, {"ObjectType", kind, &t.ObjectType}, {"ObjectPath", path, &t.ObjectPath},
		{"Status", status, (*string)(&t.Status)}, {"Process", process, &t.Process},
		{"Description", description, &t.Description}, {"CreationTime", created, &when},
	} {
		if *f.to, err = text(f.raw); err != nil {
			return poller.Task{}, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if t.TaskID == "" && t.ObjectPath == "" {
		return poller.Task{}, errors.New("it has neither TaskId nor ObjectPath")
	}
	t.Created = moment(when)
	return t, nil
}

// fields is where an object's values go; other keys are skipped.
type fields map[string]*json.RawMessage

// object reads exactly one JSON object. The standard decoder alone would take
// lower-case keys, let the last of two equal keys win, and accept null.
func object(data []byte, into fields) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return errors.New("broken JSON")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errors.New("broken JSON")
		}
		to, wanted := into[key.(string)]
		switch {
		case !wanted:
		case *to != nil:
			return fmt.Errorf("%s comes twice", key)
		default:
			*to = value
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return errors.New("broken JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func null(raw json.RawMessage) bool { return raw == nil || string(raw) == "null" }

// text reads a string, or a number digit by digit: ids beyond 2^53 stay exact.
// Missing and null are empty.
func text(raw json.RawMessage) (string, error) {
	if null(raw) {
		return "", nil
	}
	if c := raw[0]; c == '-' || c >= '0' && c <= '9' {
		return string(raw), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", errors.New("neither text nor a number")
	}
	return s, nil
}

// count reads a whole number from 0 on, also as a numeric string.
func count(raw json.RawMessage) (int, error) {
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
