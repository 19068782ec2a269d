package aliyun

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"

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
		{"no list but a space, total 0", page1("0", `{ }`), 0, poller.Task{}},
		{"null list, total 0", page1("0", `{"Task":null}`), 0, poller.Task{}},
		{"list an empty text, total 0", page1("0", `{"Task":""}`), 0, poller.Task{}},
		{"list an empty object, total 0", page1("0", `{"Task":{}}`), 0, poller.Task{}},
		{"null tasks, total 0", page1("0", `null`), 0, poller.Task{}},
		{"tasks an empty list, total 0", page1("0", `[]`), 0, poller.Task{}},
		{"tasks an empty text, total 0", page1("0", `""`), 0, poller.Task{}},
		{"no tasks at all, total 0", `{"RequestId":"R-1","PageNumber":1,"PageSize":50,"TotalCount":0}`, 0, poller.Task{}},
		{"no tasks at all, total a text", `{"RequestId":"R-1","PageNumber":"1","PageSize":"50","TotalCount":"0"}`, 0, poller.Task{}},
		{"CDN's empty list", page1("0", `{"CDNTask":[]}`), 0, poller.Task{}},
		{"CDN's list", page1("1", `{"CDNTask":[{"TaskId":"1"}]}`), 1, row},
		{"a flat list", page1("1", `[{"TaskId":"1"}]`), 1, row},
		{"row of lower-case keys", page1("1", `{"task":[{"taskId":"1"}]}`), 1, row},
		{"empty list beyond the end", page1("7", `{"Task":[]}`), 7, poller.Task{}},
		{"total as text", page1(`"12"`, `{"Task":[]}`), 12, poller.Task{}},
		{"unknown keys", strings.Replace(oneRow(`"TaskId":"1","New":{"a":[1]}`), `{`, `{"New":[1],"New":2,`, 1), 1, row},
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
		{"time before this era", oneRow(`"TaskId":"1","CreationTime":"1969-12-31T23:59:59Z"`), 1, row},
		{"time after this era", oneRow(`"TaskId":"1","CreationTime":"9999-12-31T23:59:59-12:00"`), 1, row},
		{"time a century early", oneRow(`"TaskId":"1","CreationTime":"2200-01-01T00:00:00Z"`), 1, row},
		{"the last good time", oneRow(`"TaskId":"1","CreationTime":"2199-12-31T23:59:59Z"`), 1,
			poller.Task{Key: row.Key, Created: time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC)}},
		{"hostile words", oneRow(`"TaskId":"1","Status":"\u001b[31mOdd","Process":"9\u202e%","Description":"a\u009bb\nc"`), 1,
			poller.Task{Key: row.Key, Status: "[31mOdd", Process: "9%", Description: "ab c"}},
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
		"no list, total a text":     page1(`"1"`, `{}`),
		"empty text, total not 0":   page1("1", `{"Task":""}`),
		"empty tasks, total not 0":  page1("1", `[]`),
		"tasks a word, total 0":     page1("0", `"none"`),
		"task a word, total 0":      page1("0", `{"Task":"none"}`),
		"task an object, total 0":   page1("0", `{"Task":{"TaskId":"1"}}`),
		"task false, total 0":       page1("0", `{"Task":false}`),
		"total as 0.0":              page1("0.0", `{}`),
		"no total, no list":         `{"RequestId":"R-1","PageNumber":1,"PageSize":50,"Tasks":{}}`,
		"row a list":                page1("1", `{"Task":[[]]}`),
		"path a list":               oneRow(`"TaskId":"1","ObjectPath":["https://a"]`),
		"nothing":                   ``,
		"comment":                   page1("0", `{"Task":[]}`) + "//",
	} {
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
		}
		if err := json.Unmarshal(body, &plain); err != nil || plain.RequestId == nil {
			t.Fatalf("taken, but to a plain decoder %v, %+v", err, plain)
		}
		if got.Total < 0 || got.Number != 1 || len(got.Tasks) > poller.PageSize || len(got.Tasks) == 0 && got.Total > 0 && !strings.Contains(string(body), "[") {
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
	f.Add(200, []byte("{\"x\":\"LTAI-secret-id\"}"))
	f.Add(404, []byte("https://LTAI-secret-id:secret-secret@host/secret-token"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := classify(answer{status: status, body: body}, products[0].operation(&url.URL{}, "A", "vod:A", "", Role{}), secretsOf(creds))
		if status == 200 {
			e = unreadable(answer{status: status, body: body}, errIncomplete, products[0].operation(&url.URL{}, "A", "vod:A", "", Role{}), secretsOf(creds))
		}
		switch e.Class {
		case poller.Transient, poller.Credentials, poller.Denied, poller.Rejected, poller.Unreadable:
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
		if strings.ContainsFunc(e.Error(), unicode.IsControl) {
			t.Errorf("control characters in %q", e)
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

// Long fields are bounded, and rows that differ only beyond the bound stay apart.
func TestLongFields(t *testing.T) {
	long := "https://a.example.com/" + strings.Repeat("x", maxField)
	read := func(path string) poller.Task {
		got, err := decode([]byte(oneRow(fmt.Sprintf(`"TaskId":"1","ObjectPath":%q,"Description":%q,"Status":%[1]q`, path, strings.Repeat("why 为 ", 2000)))), 1)
		if err != nil {
			t.Fatal(err)
		}
		return got.Tasks[0]
	}
	one, same, other := read(long+"1"), read(long+"1"), read(long+"2")
	if one != same || one.Key == other.Key || one.Key.Hash() == other.Key.Hash() {
		t.Errorf("a row must keep its name, and share it with no other:\n%v\n%v\n%v", one.Key, same.Key, other.Key)
	}
	for name, n := range map[string]int{"path": len(one.ObjectPath), "description": len(one.Description)} {
		if n > maxField {
			t.Errorf("the %s takes %d bytes, want at most %d", name, n, maxField)
		}
	}
	if len(one.Status) > maxWord {
		t.Errorf("the status takes %d bytes", len(one.Status))
	}
	if one.Domain() != "a.example.com" {
		t.Errorf("domain %q", one.Domain())
	}
	exact := long[:maxField]
	if got := read(exact).ObjectPath; got != exact {
		t.Errorf("a path of the full length was changed to %q", got)
	}
	q := poller.Query{From: time.Unix(0, 0), To: time.Unix(9, 0), TaskID: "1", ObjectPath: one.ObjectPath}
	params, err := parameters(q, 1)
	if _, sent := params["ObjectPath"]; sent || err != nil || params["TaskId"] != "1" {
		t.Errorf("an abbreviated path is asked for as %v, %v: the API would list nothing", params, err)
	}
	q.ObjectPath = exact
	if params, _ := parameters(q, 1); params["ObjectPath"] != exact {
		t.Error("a path of the full length is not asked for")
	}
}
