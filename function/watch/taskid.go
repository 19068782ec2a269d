package watch

import (
	"context"
	"errors"
	"refreshwatch/poller"
	"strings"
	"sync"
)

// TaskIDs is the API, remembering what it said of the task ids themselves: a Fetch takes
// such an answer for an empty list.
type TaskIDs struct {
	poller.Lister
	mu      sync.Mutex
	refused map[string]error
}

func (t *TaskIDs) List(ctx context.Context, q poller.Query, page int) (poller.Page, error) {
	answer, err := t.Lister.List(ctx, q, page)
	if q.TaskID != "" && err != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.refused == nil {
			t.refused = map[string]error{}
		}
		t.refused[q.TaskID] = err
	}
	return answer, err
}

// Malformed is an error of [CodeUsage] when the API refused the id itself as no task id at all.
// An id that it merely does not know is none.
func (t *TaskIDs) Malformed(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var refused *poller.Error
	if !errors.As(t.refused[id], &refused) || refused.Class != poller.Rejected {
		return nil
	}
	if !strings.Contains(refused.Code, "Malformed") && refused.Code != "BadQuery" { // the latter is ours: no single id
		return nil
	}
	return Usage(&poller.Mistake{Setting: "task_id", Problem: "the API refuses " + poller.Quote(id) + " as malformed", Next: "Copy the id from the answer of the submission"})
}

// LikeTaskID reports whether a word can be a task id at all. All that were ever seen are
// digits; one without any is a word of an error, or a variable's null.
func LikeTaskID(word string) bool {
	const digits, others = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_."
	return strings.ContainsAny(word, digits) && strings.Trim(word, digits+others) == "" && len(word) <= 128
}
