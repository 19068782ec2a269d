package sink

import (
	"time"

	"refreshwatch/poller"
)

// Task is a task as programs read it, in a webhook's body and in a list. The outside
// contract fixes its fields.
type Task struct {
	TaskID         string        `json:"task_id"`
	ObjectType     string        `json:"object_type"`
	ObjectPath     string        `json:"object_path"` // without the user information of a URL
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

// NewTask is the task of e.
func NewTask(e poller.Event) Task {
	return Task{
		TaskID: e.Task.TaskID, ObjectType: e.Task.ObjectType, ObjectPath: poller.MaskUser(e.Task.ObjectPath),
		Domain: e.Task.Domain(), Status: e.Task.Status, Process: e.Task.Process, Description: e.Task.Description,
		CreatedAt: TimeOrNull(e.Task.Created), ObservedAt: e.Observed.UTC(),
		EndedAfter: TimeOrNull(e.EndedAfter), EndedBefore: TimeOrNull(e.EndedBefore), PreviousStatus: e.From, LastChange: e.LastChange,
	}
}

// TimeOrNull is t as JSON has it: in UTC, and null when there is none.
func TimeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
