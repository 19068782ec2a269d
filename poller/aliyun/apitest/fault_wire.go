package apitest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"refreshwatch/poller"
)

// Damages are answers lost or damaged between the API and the client. Each is one
// the vendor's SDK takes for "no tasks", panics on, or turns into an error that
// quotes the signed URL (measured on v1.63.107, 2026-11).
func Damages() []Fault {
	return []Fault{
		BadGateway(),
		foreign("HTML 403", 403, "<html><body>Forbidden by the proxy</body></html>"),
		foreign("HTML 400", 400, "<html>Bad Request</html>"),
		foreign("empty 404", 404, ""),
		status("empty 500", 500, "", "HTTP500"),
		status("JSON list 503", 503, "[]", "HTTP503"),
		status("XML 500", 500, "<Error><Code>InternalError</Code></Error>", "HTTP500"),
		foreign("numeric code", 400, `{"RequestId":"R-1","Code":400,"Message":"x"}`),
		status("numeric code 503", 503, `{"RequestId":"R-1","Code":503}`, "HTTP503"),
		status("numeric request id", 500, `{"RequestId":1,"Code":"InternalError","Message":"x"}`, "InternalError"),
		status("lower-case refusal", 503, `{"requestId":"R-1","code":"Throttling.User","message":"slow"}`, "Throttling.User"),
		status("message an object", 503, `{"Code":"Throttling","Message":{"en":"slow"}}`, "Throttling"),
		status("denied detail a string", 500, `{"Code":"InternalError","AccessDeniedDetail":"x"}`, "InternalError"),
		NoContent(),
		Empty(),
		cut("cut JSON", func(b []byte) []byte { return b[:len(b)/2] }),
		cut("cut gzip", func(b []byte) []byte { return compressed(b)[:40] }),
		damage("error in a 200", "Throttling", func(r *reply) {
			r.body = []byte(`{"RequestId":"R-1","Code":"Throttling","Message":"slow down"}`)
		}),

		unknown("partial 206", func(r *reply) { r.status, r.body = 206, []byte(`{"RequestId":"R-1"}`) }),
		body("empty object", constant(`{}`)),
		body("null", constant(`null`)),
		body("HTML 200", constant(`<html>Welcome to the hotel's network</html>`)),
		body("XML 200", constant(`<?xml version="1.0"?><DescribeVodRefreshTasksResponse><TotalCount>0</TotalCount></DescribeVodRefreshTasksResponse>`)),
		body("text 200", constant("OK")),
		body("unknown code in a 200", constant(`{"RequestId":"R-1","Code":"200","Message":"success","Data":{"Total":0}}`)),
		body("enveloped", func(b []byte) []byte { return append(append([]byte(`{"success":true,"data":`), b...), '}') }),
		body("a list", constant(`[]`)),
		body("trailing garbage", func(b []byte) []byte { return append(b, "}"...) }),
		body("two answers", func(b []byte) []byte { return append(b, b...) }),
		body("no request id", without("RequestId")),
		body("no page size", without("PageSize")),
		body("no page number", without("PageNumber")),
		body("no total", func(b []byte) []byte { return without("Tasks")(without("TotalCount")(b)) }),
		body("another page size", with("PageSize", `20`)),
		body("another page", with("PageNumber", `77`)),
		body("total null", with("TotalCount", `null`)),
		body("total negative", with("TotalCount", `-1`)),
		body("total a fraction", with("TotalCount", `2.7`)),
		body("total 1e30", with("TotalCount", `1e30`)),
		body("total 2^63", with("TotalCount", `9223372036854775808`)),
		body("total a word", with("TotalCount", `"many"`)),
		body("total a list", with("TotalCount", `[]`)),
		body("tasks missing", func(b []byte) []byte { return without("Tasks")(with("TotalCount", `3`)(b)) }),
		body("tasks null", func(b []byte) []byte { return with("Tasks", `null`)(with("TotalCount", `3`)(b)) }),
		body("tasks empty object", func(b []byte) []byte { return with("Tasks", `{}`)(with("TotalCount", `3`)(b)) }),
		body("tasks an empty list", func(b []byte) []byte { return with("Tasks", `[]`)(with("TotalCount", `3`)(b)) }),
		body("tasks an empty text", func(b []byte) []byte { return with("Tasks", `""`)(with("TotalCount", `3`)(b)) }),
		body("tasks a word", with("Tasks", `"none"`)),
		body("task one object", with("Tasks", `{"Task":{"TaskId":"1","ObjectPath":"http://a/b"}}`)),
		body("row null", with("Tasks", `{"Task":[null]}`)),
		body("row without a name", with("Tasks", `{"Task":[{"Status":"Complete"}]}`)),
		body("task id an object", with("Tasks", `{"Task":[{"TaskId":{},"ObjectPath":"http://a/b"}]}`)),
		body("status a bool", with("Tasks", `{"Task":[{"TaskId":"1","ObjectPath":"http://a/b","Status":true}]}`)),
		body("too many rows", with("Tasks", `{"Task":[`+strings.Repeat(`{"TaskId":"1","ObjectPath":"http://a/b"},`, poller.PageSize)+`{"TaskId":"1"}]}`)),
		body("brotli", constant("\x1b\x2f\x00\xf8\x25\xc2\x92\x42\xa0\x5e\x0d")),

		Truncated(),
		Oversized(),
		Bomb(),
		Reset(),
		Hang(),
		Drip(time.Second),
	}
}

// BadGateway is a load balancer's HTML.
func BadGateway() Fault {
	return status("HTML 502", 502, "<html><body><h1>502 Bad Gateway</h1></body></html>", "HTTP502")
}

// NoContent is a success without an answer.
func NoContent() Fault { return status("no content 204", http.StatusNoContent, "", "BadAnswer") }

// Empty is a 200 with an empty body.
func Empty() Fault { return cut("empty 200", constant("")) }

// Truncated is a body shorter than its Content-Length.
func Truncated() Fault {
	return damage("truncated body", "BadAnswer", func(r *reply) {
		r.cut = len(r.body) - len(r.body)/2
		r.body = r.body[:len(r.body)/2]
	})
}

// Oversized is a body of more than 8 MiB, valid but for its size.
func Oversized() Fault {
	return body("oversized body", func(b []byte) []byte { return append(b, bytes.Repeat([]byte(" "), 8<<20)...) })
}

// Bomb is a small body that inflates to more than 8 MiB.
func Bomb() Fault {
	return body("gzip of too much", func(b []byte) []byte { return compressed(append(b, bytes.Repeat([]byte(" "), 8<<20)...)) })
}

// Reset is a connection reset instead of an answer.
func Reset() Fault { return damage("reset", "Transport", func(r *reply) { r.reset = true }) }

// Hang is no answer at all, until the client gives up.
func Hang() Fault {
	f := damage("hang", "Timeout", func(r *reply) { r.hang = true })
	f.slow = true
	return f
}

// Drip is an answer that comes one byte at a time, with a gap long enough for the
// client's ten seconds to pass first.
func Drip(gap time.Duration) Fault {
	f := damage("drip", "Timeout", func(r *reply) { r.drip = gap })
	f.slow = true
	return f
}

// Redirect sends the client elsewhere with a 3xx status. Its key must not go there.
func Redirect(code int, target string) Fault {
	f := status("redirect", code, "", "Redirect")
	f.Class = poller.Denied
	answer := f.wire
	f.wire = func(r *reply) {
		answer(r)
		r.header.Set("Location", target)
	}
	return f
}

// unknown is a complete answer of a shape nobody knows.
func unknown(name string, wire func(*reply)) Fault {
	return Fault{Name: name, Class: poller.Unreadable, Code: "UnknownAnswer", wire: wire}
}

// foreign is a refusal that is not the API's own.
func foreign(name string, code int, body string) Fault {
	f := status(name, code, body, "HTTP"+strconv.Itoa(code))
	f.Class = poller.Unreadable
	return f
}

func damage(name, code string, wire func(*reply)) Fault {
	return Fault{Name: name, Class: poller.Transient, Code: code, wire: wire}
}

func status(name string, status int, body, code string) Fault {
	return damage(name, code, func(r *reply) {
		r.status, r.body = status, []byte(body)
		if strings.HasPrefix(body, "<") {
			r.header.Set("Content-Type", "text/html")
		}
	})
}

// body changes the body of a 200 into one that nobody knows how to read.
func body(name string, change func([]byte) []byte) Fault {
	return unknown(name, func(r *reply) { r.body = change(r.body) })
}

// cut leaves a part of the body of a 200, which looks complete to HTTP.
func cut(name string, change func([]byte) []byte) Fault {
	return damage(name, "BadAnswer", func(r *reply) { r.body = change(r.body) })
}

func constant(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }

// with sets one field of the answer to raw JSON.
func with(name, raw string) func([]byte) []byte {
	return edit(func(fields map[string]json.RawMessage) { fields[name] = json.RawMessage(raw) })
}

func without(name string) func([]byte) []byte {
	return edit(func(fields map[string]json.RawMessage) { delete(fields, name) })
}

func compressed(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b) // into memory
	_ = w.Close()
	return out.Bytes()
}

// respelled renames the members of the answer itself.
func respelled(b []byte, rename func(string) string) []byte {
	return edit(func(fields map[string]json.RawMessage) {
		for name, value := range fields {
			delete(fields, name)
			defer func() { fields[rename(name)] = value }()
		}
	})(b)
}

func edit(change func(map[string]json.RawMessage)) func([]byte) []byte {
	return func(b []byte) []byte {
		fields := map[string]json.RawMessage{}
		if json.Unmarshal(b, &fields) != nil {
			return b // a refusal damaged already
		}
		change(fields)
		return encode(fields)
	}
}
