package aliyun

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"refreshwatch/poller"
)

// page1 is an answer around a total and the raw value of Tasks.
func page1(total, tasks string) string {
	return fmt.Sprintf(`{"RequestId":"R-1","PageNumber":1,"PageSize":50,"TotalCount":%s,"Tasks":%s}`, total, tasks)
}

// oneRow is an answer with one row.
func oneRow(fields string) string { return page1("1", `{"Task":[{`+fields+`}]}`) }

func TestDecodeTakes(t *testing.T) {
	row := poller.Task{Key: poller.Key{TaskID: "1"}}
	for _, c := range []struct {
		name, body string
		total      int
		want       poller.Task // of the only row; zero for none
	}{
		{"empty list", page1("0", `{"Task":[]}`), 0, poller.Task{}},
		{"no list, total 0", page1("0", `{}`), 0, poller.Task{}},
		{"null list, total 0", page1("0", `{"Task":null}`), 0, poller.Task{}},
		{"null tasks, total 0", page1("0", `null`), 0, poller.Task{}},
		{"empty list beyond the end", page1("7", `{"Task":[]}`), 7, poller.Task{}},
		{"total as text", page1(`"12"`, `{"Task":[]}`), 12, poller.Task{}},
		{"unknown keys", strings.Replace(oneRow(`"TaskId":"1","New":{"a":[1]}`), `{`, `{"New":[1],"New":2,`, 1), 1, row},
		{"lower-case key beside the real one", oneRow(`"TaskId":"1","taskId":"2"`), 1, row},
		{"id a number", oneRow(`"TaskId":12345678901234567890123`), 1, poller.Task{Key: poller.Key{TaskID: "12345678901234567890123"}}},
		{"process a number", oneRow(`"TaskId":"1","Process":10`), 1, poller.Task{Key: row.Key, Process: "10"}},
		{"unknown words", oneRow(`"TaskId":"1","Status":"Timeout","ObjectType":"regex"`), 1,
			poller.Task{Key: poller.Key{TaskID: "1", ObjectType: "regex"}, Status: "Timeout"}},
		{"null status", oneRow(`"TaskId":"1","Status":null`), 1, row},
		{"time with fraction and zone", oneRow(`"TaskId":"1","CreationTime":"2026-11-23T18:30:05.9+08:00"`), 1,
			poller.Task{Key: row.Key, Created: time.Date(2026, 11, 23, 10, 30, 5, 0, time.UTC)}},
		{"time without seconds", oneRow(`"TaskId":"1","CreationTime":"2026-11-23T10:30Z"`), 1,
			poller.Task{Key: row.Key, Created: time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)}},
		{"time unreadable", oneRow(`"TaskId":"1","CreationTime":"yesterday"`), 1, row},
		{"time a number", oneRow(`"TaskId":"1","CreationTime":1700000000`), 1, row},
		{"no id but a path", oneRow(`"ObjectPath":"https://a/b","Status":"Complete"`), 1,
			poller.Task{Key: poller.Key{ObjectPath: "https://a/b"}, Status: poller.Complete}},
	} {
		got, err := decode([]byte(c.body), 1)
		want := poller.Page{Number: 1, Total: c.total}
		if c.want != (poller.Task{}) {
			want.Tasks = []poller.Task{c.want}
		} else if len(got.Tasks) == 0 {
			got.Tasks = nil
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", c.name, err, diff)
		}
	}
}

// The bodies of apitest's faults are refused by TestEveryFault; these are the
// finer points.
func TestDecodeRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"total missing, list empty": `{"RequestId":"R-1","PageNumber":1,"PageSize":50,"Tasks":{"Task":[]}}`,
		"no list, total not 0":      page1("1", `{}`),
		"total empty text":          page1(`""`, `{"Task":[]}`),
		"total 2.0":                 page1("2.0", `{"Task":[]}`),
		"total 1e1":                 page1("1e1", `{"Task":[]}`),
		"total +1":                  page1(`"+1"`, `{"Task":[]}`),
		"total true":                page1("true", `{"Task":[]}`),
		"request id empty":          strings.Replace(page1("0", `{"Task":[]}`), `R-1`, ``, 1),
		"request id null":           strings.Replace(page1("0", `{"Task":[]}`), `"R-1"`, `null`, 1),
		"tasks twice":               strings.Replace(page1("0", `{"Task":[]}`), `}}`, `},"Tasks":{"Task":[]}}`, 1),
		"task twice":                page1("0", `{"Task":[],"Task":[]}`),
		"status twice":              oneRow(`"TaskId":"1","Status":"Failed","Status":"Complete"`),
		"tasks in lower case":       page1("0", `{"task":[]}`) + " ",
		"row a list":                page1("1", `{"Task":[[]]}`),
		"path a list":               oneRow(`"TaskId":"1","ObjectPath":["https://a"]`),
		"row of lower-case keys":    oneRow(`"taskId":"1","objectPath":"https://a"`),
		"nothing":                   ``,
		"comment":                   page1("0", `{"Task":[]}`) + "//",
	} {
		if name == "tasks in lower case" {
			body = strings.Replace(body, `"TotalCount":0`, `"TotalCount":1`, 1)
		}
		if got, err := decode([]byte(body), 1); err == nil {
			t.Errorf("%s: taken as %+v", name, got)
		}
	}
}

// Whatever is taken for a page must be one to a plain decoder, too.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		page1("0", `{}`), page1(`"3"`, `{"Task":[]}`), oneRow(`"TaskId":7,"ObjectPath":"https://a/b","Status":"Failed","CreationTime":"2026-11-23T10:30:00Z"`),
		`{"RequestId":"R-1","Code":"Throttling"}`, `null`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decode(body, 1)
		if err != nil {
			if diff := cmp.Diff(poller.Page{}, got); diff != "" {
				t.Errorf("rows beside an error: %s", diff)
			}
			return
		}
		var plain struct {
			RequestId any
			Tasks     *struct{ Task []any }
		}
		if err := json.Unmarshal(body, &plain); err != nil || plain.RequestId == nil {
			t.Fatalf("taken, but to a plain decoder %v, %+v", err, plain)
		}
		if got.Total < 0 || got.Number != 1 || len(got.Tasks) > poller.PageSize || len(got.Tasks) == 0 && got.Total > 0 && plain.Tasks.Task == nil {
			t.Errorf("got %+v", got)
		}
		for _, task := range got.Tasks {
			if task.TaskID == "" && task.ObjectPath == "" {
				t.Error("a row without a name")
			}
		}
	})
}

// No status and no body makes it panic, quote a secret, or leave the class out.
func FuzzClassify(f *testing.F) {
	creds := Credentials{AccessKeyID: "LTAI-secret-id", Secret: "secret-secret", Token: "secret-token"}
	f.Add(503, []byte(`{"Code":"Throttling","Message":"x","RequestId":"R-1"}`))
	f.Add(400, []byte(`{"Code":400}`))
	f.Add(403, []byte(`{"Code":"Forbidden","Message":"LTAI-secret-id&Signature=a%3D secret-token"}`))
	f.Add(502, []byte(`<html>`))
	f.Add(302, []byte(``))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := classify(answer{status: status, body: body}, poller.Query{TaskID: "1"}, creds)
		switch e.Class {
		case poller.Transient, poller.Credentials, poller.Denied, poller.Rejected:
		default:
			t.Errorf("class %q", e.Class)
		}
		if e.Code == "" || e.Err == nil {
			t.Errorf("nothing said: %+v", e)
		}
		for _, secret := range []string{creds.AccessKeyID, creds.Secret, creds.Token} {
			if strings.Contains(e.Error(), secret) {
				t.Errorf("%s is in %s", secret, e)
			}
		}
		if len(e.Error()) > 1000 {
			t.Errorf("%d bytes of text", len(e.Error()))
		}
		var again *poller.Error
		if !errors.As(error(e), &again) {
			t.Error("no poller.Error")
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	rows := make([]string, poller.PageSize)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"TaskId":"704222904%02d","ObjectType":"file","ObjectPath":"https://media.example.com/videos/2026/11/%040d/index.m3u8","Status":"Complete","Process":"100%%","Description":"","CreationTime":"2026-11-23T10:30:%02dZ"}`, i, i, i)
	}
	body := []byte(page1("50", `{"Task":[`+strings.Join(rows, ",")+`]}`))
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(body, 1); err != nil {
			b.Fatal(err)
		}
	}
}
