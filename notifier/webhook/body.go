package webhook

import (
	"time"

	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
)

// standardWebhook is the body that the outside contract fixes.
type standardWebhook struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // when the delivery was made, the same on every attempt
	Data      any       `json:"data"`
}

// cloudEvent is the JSON format of CloudEvents 1.0.2, structured mode, by hand:
// the SDK would add more than a megabyte to the binary.
type cloudEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Data        any       `json:"data"`
}

type taskData struct {
	DeliveryID string      `json:"delivery_id"`
	Action     string      `json:"action,omitempty"` // "backfill" or "renotify"; absent in what a poll sends
	Label      string      `json:"label,omitempty"`
	Region     string      `json:"region"`
	Complete   int         `json:"complete"` // these three count finished tasks only
	Failed     int         `json:"failed"`   // Failed and Timeout
	Canceled   int         `json:"canceled"`
	Tasks      []sink.Task `json:"tasks"`
}

type noticeData struct {
	DeliveryID string     `json:"delivery_id"`
	Label      string     `json:"label,omitempty"`
	Region     string     `json:"region"`
	Code       string     `json:"code"`
	Message    string     `json:"message"`
	Hint       string     `json:"hint"`
	From       *time.Time `json:"from"`
	To         *time.Time `json:"to"`
	Count      int        `json:"count"`

	Quota []poller.Quota `json:"quota,omitempty"` // of refreshwatch.quota
}

func (s *Sink) eventType(m sink.Message) string {
	if m.Notice != nil {
		return "refreshwatch." + string(m.Kind)
	}
	return s.ProductName() + ".refresh_tasks." + string(m.Kind)
}

func (s *Sink) eventData(m sink.Message) any {
	if n := m.Notice; n != nil {
		return noticeData{
			DeliveryID: m.ID, Label: s.Label, Region: s.Region, Code: n.Code, Message: n.Message, Hint: n.Hint,
			From: sink.TimeOrNull(n.From), To: sink.TimeOrNull(n.To), Count: n.Count, Quota: n.Quota,
		}
	}
	data := taskData{DeliveryID: m.ID, Action: m.Action, Label: s.Label, Region: s.Region, Tasks: make([]sink.Task, 0, len(m.Events))}
	for _, e := range m.Events {
		switch {
		case e.Kind != poller.Finished:
		case e.Task.Status == poller.Complete:
			data.Complete++
		case e.Task.Status.Failure():
			data.Failed++
		case e.Task.Status == poller.Canceled:
			data.Canceled++
		}
		data.Tasks = append(data.Tasks, sink.NewTask(e))
	}
	return data
}
