package aliyun

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"refreshwatch/poller"
)

// errIncomplete is an answer that was cut on its way: the next attempt may be whole.
var errIncomplete = errors.New("the answer is incomplete")

// decode reads the body of a 200, or says why it is not page number page of an
// answer. A false "no tasks" would pass for a quiet minute, so nothing is guessed:
// what identifies the page must be there, and rows may be missing only where an
// explicit TotalCount says that there are none. Keys are accepted in any case.
func decode(body []byte, page int) (poller.Page, error) {
	var a struct {
		RequestID  word `json:"RequestId"`
		PageSize   word
		PageNumber word
		TotalCount word
		Tasks      json.RawMessage
	}
	if err := whole(body, &a); err != nil {
		return poller.Page{}, err
	}
	total, err := strconv.ParseUint(string(a.TotalCount), 10, 31)
	switch {
	case a.RequestID == "":
		return poller.Page{}, errors.New("RequestId is missing")
	case string(a.PageSize) != strconv.Itoa(poller.PageSize):
		return poller.Page{}, errors.New("PageSize is not the requested one")
	case string(a.PageNumber) != strconv.Itoa(page):
		return poller.Page{}, errors.New("PageNumber is not the requested one")
	case err != nil:
		return poller.Page{}, errors.New("TotalCount is not a whole number")
	}
	rows, err := list(a.Tasks)
	switch {
	case err != nil:
		return poller.Page{}, err
	case rows == nil && int(total) > (page-1)*poller.PageSize:
		return poller.Page{}, errors.New("the list of tasks is missing")
	case len(rows) > poller.PageSize:
		return poller.Page{}, fmt.Errorf("more than %d rows on a page", poller.PageSize)
	}
	answer := poller.Page{Number: page, Total: int(total)}
	for i, r := range rows {
		if r.TaskID == "" && r.ObjectPath == "" {
			return poller.Page{}, fmt.Errorf("row %d has neither TaskId nor ObjectPath", i+1)
		}
		answer.Tasks = append(answer.Tasks, r.task())
	}
	return answer, nil
}

// whole decodes the one JSON value that body must consist of.
func whole(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	switch err := dec.Decode(into); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errIncomplete
	case err != nil:
		return errors.New("the answer is not JSON of a known shape")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the answer")
	}
	return nil
}

// list finds the rows: in Tasks.Task (VOD, DCDN) or Tasks.CDNTask (CDN), or in Tasks
// itself, as in the answers of DescribeRefreshTaskById. How an empty list is spelled
// is documented nowhere: the services of this family write Task:[], leave the list out,
// or write null, "", {} or [] somewhere. All but the first are nil.
func list(raw json.RawMessage) ([]row, error) {
	if isList(raw) {
		rows, err := rowsOf(raw)
		if len(rows) == 0 {
			return nil, err
		}
		return rows, err
	}
	var inner struct{ Task, CDNTask json.RawMessage }
	if !isNothing(raw) && json.Unmarshal(raw, &inner) != nil {
		return nil, errors.New("the field Tasks is neither an object nor a list")
	}
	for _, raw := range []json.RawMessage{inner.Task, inner.CDNTask} {
		if isList(raw) {
			return rowsOf(raw)
		}
		if !isNothing(raw) {
			return nil, errors.New("the tasks are not a list")
		}
	}
	return nil, nil
}

func isList(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '[' }

func isNothing(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", `""`:
		return true
	}
	return len(raw) > 1 && raw[0] == '{' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

func rowsOf(raw json.RawMessage) ([]row, error) {
	var rows []row
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, errors.New("a row is not an object of words")
	}
	return rows, nil
}

// row is one task as the API spells it. A missing status counts as in flight, like
// an unknown one.
type row struct {
	TaskID       word `json:"TaskId"`
	ObjectType   word
	ObjectPath   word
	Status       word
	Process      word
	Description  word
	CreationTime word
}

func (r row) task() poller.Task {
	return poller.Task{
		Key:         poller.Key{TaskID: abbreviated(r.TaskID), ObjectType: abbreviated(r.ObjectType), ObjectPath: abbreviated(r.ObjectPath)},
		Status:      poller.Status(shown(r.Status, maxWord)),
		Process:     shown(r.Process, maxWord),
		Description: shown(r.Description, maxField),
		Created:     created(string(r.CreationTime)),
	}
}

// word is a string, or a number digit by digit: ids beyond 2^53 stay exact. Missing
// and null are empty.
type word string

func (w *word) UnmarshalJSON(raw []byte) error {
	switch c := raw[0]; {
	case string(raw) == "null":
		return nil
	case c == '"':
		return json.Unmarshal(raw, (*string)(w))
	case c == '-' || c >= '0' && c <= '9':
		*w = word(raw)
		return nil
	}
	return errors.New("neither text nor a number")
}

// Bounds of a row's fields, in bytes. Every row in flight is kept in memory and in
// the checkpoint, so no single field may fill them.
const (
	maxField = 4 << 10
	maxWord  = 256
)

// cutMark stands in an abbreviated field between its beginning and its hash.
const cutMark = "…sha256:"

// abbreviated bounds a field that identifies the row. What is too long keeps its
// beginning, where the host stands, and ends in the hash of the whole: rows that
// differ only beyond the bound stay different, and a row keeps its name from poll to
// poll.
func abbreviated(w word) string {
	if len(w) <= maxField {
		return string(w)
	}
	sum := sha256.Sum256([]byte(w))
	return strings.ToValidUTF8(string(w[:maxField-128]), "") + cutMark + hex.EncodeToString(sum[:])
}

func isAbbreviated(field string) bool {
	i := strings.LastIndex(field, cutMark)
	return i >= 0 && len(field)-i == len(cutMark)+2*sha256.Size
}

// shown is the API's own text, printable and bounded. It identifies nothing.
func shown(w word, most int) string {
	s := poller.Printable(string(w))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most-len("…")], "") + "…"
	}
	return s
}

// created reads CreationTime. One that is unreadable, or not of this era, is no
// reason to lose the row: it counts as unknown, the zero time.
func created(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} { // the second in older CDN samples
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if t = t.UTC().Truncate(time.Second); t.Year() < 1970 || t.Year() >= 2200 {
			return time.Time{}
		}
		return t
	}
	return time.Time{}
}
