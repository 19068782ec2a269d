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
	Region     string `json:"region"`
	Complete   int    `json:"complete"`
	Failed     int    `json:"failed"`
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
	PreviousStatus poller.Status `json:"previous_status"` // "" when the row was never seen before
}

type noticeData struct {
	DeliveryID string     `json:"delivery_id"`
	Region     string     `json:"region"`
	Code       string     `json:"code"`
	Message    string     `json:"message"`
	Hint       string     `json:"hint"`
	From       *time.Time `json:"from"`
	To         *time.Time `json:"to"`
	Count      int        `json:"count"`
}

func eventType(m sink.Message) string {
	if m.Notice != nil {
		return "refreshwatch." + string(m.Kind)
	}
	return "vod.refresh_tasks." + string(m.Kind)
}

func eventData(m sink.Message, region string) any {
	if n := m.Notice; n != nil {
		return noticeData{
			DeliveryID: m.ID, Region: region, Code: n.Code, Message: n.Message, Hint: n.Hint,
			From: timeOrNull(n.From), To: timeOrNull(n.To), Count: n.Count,
		}
	}
	data := taskData{DeliveryID: m.ID, Region: region, Tasks: make([]task, 0, len(m.Events))}
	for _, e := range m.Events {
		switch {
		case e.Kind != poller.Finished:
		case e.Task.Status == poller.Complete:
			data.Complete++
		case e.Task.Status == poller.Failed:
			data.Failed++
		}
		data.Tasks = append(data.Tasks, task{
			TaskID: e.Task.TaskID, ObjectType: e.Task.ObjectType, ObjectPath: poller.MaskUser(e.Task.ObjectPath),
			Domain: e.Task.Domain(), Status: e.Task.Status, Process: e.Task.Process, Description: e.Task.Description,
			CreatedAt: timeOrNull(e.Task.Created), ObservedAt: e.Observed.UTC(), PreviousStatus: e.From,
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
