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
	DeliveryID string `json:"delivery_id"`
	Label      string `json:"label,omitempty"`
	Region     string `json:"region"`
	Complete   int    `json:"complete"` // these three count finished tasks only
	Failed     int    `json:"failed"`   // Failed and Timeout
	Canceled   int    `json:"canceled"`
	Tasks      []task `json:"tasks"`
}

type task struct {
	TaskID         string        `json:"task_id"`
	ObjectType     string        `json:"object_type"`
	ObjectPath     string        `json:"object_path"`
	Domain         string        `json:"domain"`
	Status         poller.Status `json:"status"`
	Process        string        `json:"process"`
	Description    string        `json:"description"`
	CreatedAt      *time.Time    `json:"created_at"` // null when the API's time could not be read
	ObservedAt     time.Time     `json:"observed_at"`
	EndedAfter     *time.Time    `json:"ended_after,omitempty"` // it finished between these times; absent when it was never seen in flight
	EndedBefore    *time.Time    `json:"ended_before,omitempty"`
	PreviousStatus poller.Status `json:"previous_status"`       // "" when the row was never seen before
	LastChange     bool          `json:"last_change,omitempty"` // it keeps changing: further changes are not sent
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
			From: timeOrNull(n.From), To: timeOrNull(n.To), Count: n.Count,
		}
	}
	data := taskData{DeliveryID: m.ID, Label: s.Label, Region: s.Region, Tasks: make([]task, 0, len(m.Events))}
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
		data.Tasks = append(data.Tasks, task{
			TaskID: e.Task.TaskID, ObjectType: e.Task.ObjectType, ObjectPath: poller.MaskUser(e.Task.ObjectPath),
			Domain: e.Task.Domain(), Status: e.Task.Status, Process: e.Task.Process, Description: e.Task.Description,
			CreatedAt: timeOrNull(e.Task.Created), ObservedAt: e.Observed.UTC(),
			EndedAfter: timeOrNull(e.EndedAfter), EndedBefore: timeOrNull(e.EndedBefore), PreviousStatus: e.From, LastChange: e.LastChange,
		})
	}
	return data
}

func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
