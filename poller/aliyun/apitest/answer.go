package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"refreshwatch/poller"
)

// verdict is how the server answers one question: with a page, or a refusal, and
// with the fault that goes along.
type verdict struct {
	id      string
	listing listing
	refused *refusal
	fault   *Fault
	product product
	other   func(id string) []byte // the answer of an operation that lists nothing
}

// answer decides about one question. parse reads and authenticates it first.
func (s *Server) answer(parse func(now time.Time) (Request, *refusal)) verdict {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	q, refused := parse(now)
	q.At = now
	v := verdict{id: fmt.Sprintf("%08X-VODT-4E57-A000-%012X", s.served+1, now.Unix()), refused: refused}
	if v.refused == nil {
		v.refused = s.limit(now)
	}
	v.fault = s.due(q)
	v.product, _, _ = productOf(q.Action)
	if v.refused == nil && q.Action == v.product.action {
		v.refused = rules(q, v.product, now, s.options.Strict)
	}
	if v.refused == nil && v.fault != nil {
		v.refused = v.fault.refused
	}
	if v.refused == nil {
		s.carryOut(&v, q, now)
	}
	s.record(q, v)
	if v.fault != nil && v.fault.then != nil {
		v.fault.then(s.tables[s.options.Product], q, now)
	}
	return v
}

// carryOut does what the request asks for.
func (s *Server) carryOut(v *verdict, q Request, now time.Time) {
	switch {
	case q.Action == assumeRole:
		v.other, v.refused = s.assume(q.form, now)
	case q.Action == callerIdentity:
		v.other = s.identity(q.form)
	case s.options.RoleOnly && q.As == "":
		v.refused = forbidden()
	case q.Action == v.product.quota && s.options.QuotaDenied:
		v.refused = forbidden()
	case q.Action == v.product.quota:
		p := v.product
		v.other = func(id string) []byte { return s.quotaBody(p, id) }
	default:
		v.listing, v.refused = s.list(q, v.product, now, v.fault)
	}
}

func forbidden() *refusal { return NoPermission().refused }

// limit counts the requests of the last second, as the account's limit does.
func (s *Server) limit(now time.Time) *refusal {
	if s.options.MaxQPS <= 0 {
		return nil
	}
	s.recent = slices.DeleteFunc(s.recent, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(s.recent) >= s.options.MaxQPS {
		return throttlingUser()
	}
	s.recent = append(s.recent, now)
	return nil
}

func (s *Server) list(q Request, p product, now time.Time, f *Fault) (listing, *refusal) {
	v := view{
		now: now, asOf: now, lazy: s.options.Lazy,
		oldestFirst: s.options.OldestFirst, endExclusive: s.options.EndExclusive,
	}
	if f != nil {
		v.asOf, v.shuffle = now.Add(-f.stale), f.shuffle
	}
	l := s.tables[p.name].find(q, v)
	if q.TaskID != "" && l.total == 0 && s.options.UnknownTaskIsError {
		return l, invalid("InvalidTaskId.NotFound", "The specified TaskId does not exist.")
	}
	if f != nil && f.rows != nil {
		f.rows(&l)
	}
	return l, nil
}

func (s *Server) record(q Request, v verdict) {
	q.Outcome, q.Rows, q.Total = "ok", len(v.listing.rows), v.listing.total
	switch {
	case v.fault != nil:
		q.Outcome = v.fault.Name
	case v.refused != nil:
		q.Outcome = v.refused.code
	}
	s.served++
	s.log = append(s.log, q)
	if keep := s.options.KeepRequests; keep > 0 && len(s.log) >= 2*keep {
		s.log = append(s.log[:0], s.log[keep:]...)
	}
}

// reply is what goes over the wire.
type reply struct {
	status int
	header http.Header
	body   []byte
	cut    int           // so many bytes are promised and never sent
	drip   time.Duration // between single bytes
	reset  bool          // nothing at all, the connection is reset
	hang   bool          // nothing at all, the connection stays open
}

func (s *Server) reply(v verdict) reply {
	r := reply{status: http.StatusOK, header: http.Header{}}
	r.header.Set("Date", s.now().Format(http.TimeFormat))
	r.header.Set("Content-Type", "application/json;charset=utf-8")
	r.header.Set("x-acs-request-id", v.id)
	if v.refused != nil {
		r.status = v.refused.status
		r.body = v.refused.body(v.product, v.id)
	} else if v.other != nil {
		r.body = v.other(v.id)
	} else {
		r.body = s.page(v)
	}
	if v.fault != nil && v.fault.wire != nil {
		v.fault.wire(&r)
	}
	return r
}

func (f *refusal) body(p product, id string) []byte {
	return encode(map[string]string{
		"RequestId": id, "HostId": p.host, "Code": f.code, "Message": f.message,
		"Recommend": "https://api.aliyun.com/troubleshoot?q=" + f.code + "&product=" + p.name + "&requestId=" + id,
	})
}

// wireTask is a row as the document spells it.
type wireTask struct {
	TaskID       any `json:"TaskId"`
	ObjectType   string
	ObjectPath   string
	Status       poller.Status
	Process      string
	Description  string `json:",omitempty"` // absent in older samples
	CreationTime string
}

func (s *Server) page(v verdict) []byte {
	rows := make([]wireTask, len(v.listing.rows))
	for i, t := range v.listing.rows {
		rows[i] = wireTask{
			t.TaskID, t.ObjectType, t.ObjectPath, t.Status, t.Process, t.Description, t.Created.Format(timeLayout),
		}
		if v.fault != nil && v.fault.numericIDs {
			rows[i].TaskID = json.Number(t.TaskID)
		}
	}
	tasks := map[string]any{v.product.listKey: rows}
	if len(rows) == 0 && s.options.NoListWhenEmpty {
		tasks = map[string]any{}
	}
	return encode(map[string]any{
		"RequestId": v.id, "PageNumber": v.listing.number, "PageSize": v.listing.size,
		"TotalCount": v.listing.total, "Tasks": tasks,
	})
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil { // strings and numbers always encode, unless a numeric id is none
		panic("apitest: " + err.Error())
	}
	return body
}
