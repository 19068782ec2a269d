package poller

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Key identifies a row. A task id alone does not: one submission of up to 2,000
// objects shares it (VOD, RefreshVodObjectCaches, read 2026-11).
type Key struct {
	TaskID     string `json:"task_id"`
	ObjectType string `json:"object_type"`
	ObjectPath string `json:"object_path"`
}

// Hash is a stable 64-bit name for the row, the same in every process: what
// finished rows are remembered by.
func (k Key) Hash() uint64 {
	sum := k.digest()
	return binary.BigEndian.Uint64(sum[:8])
}

func (k Key) digest(more ...string) [sha256.Size]byte {
	h := sha256.New()
	for _, field := range append([]string{k.TaskID, k.ObjectType, k.ObjectPath}, more...) {
		var size [8]byte // a length before each field, so that no two keys spell alike
		binary.BigEndian.PutUint64(size[:], uint64(len(field)))
		h.Write(size[:])
		h.Write([]byte(field))
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// Status is the API's own word for how far a task is.
type Status string

// The documented statuses (VOD, DescribeVodRefreshTasks, read 2026-11). Others
// may come; they pass through and count as in flight.
const (
	Pending    Status = "Pending"
	Refreshing Status = "Refreshing"
	Complete   Status = "Complete"
	Failed     Status = "Failed"

	// CDN and DCDN document two more that are final; VOD may answer them, too
	// (DescribeRefreshTasks and DescribeDcdnRefreshTasks, Chinese edition, read 2026-11).
	Timeout  Status = "Timeout"  // not carried out in time: a failure
	Canceled Status = "Canceled" // neither a success nor a failure
)

// Failure reports whether the task finished without having done its work.
func (s Status) Failure() bool { return s == Failed || s == Timeout }

// Finished reports whether the task is over. A status that nobody documents is not.
func (s Status) Finished() bool { return s == Complete || s == Canceled || s.Failure() }

// Task is one row of DescribeVodRefreshTasks, in the API's own words.
type Task struct {
	Key
	Status      Status    `json:"status"`
	Process     string    `json:"process,omitempty"`     // "0%".."100%", or whatever the API said
	Description string    `json:"description,omitempty"` // why it failed, if the API said so
	Created     time.Time `json:"created_at,omitzero"`   // UTC, whole seconds; zero when the API's time could not be read
}

// A creation time outside these years is one that cannot be read: the state must
// hold it, and JSON knows no year beyond 9999.
const (
	firstYear = 1970
	lastYear  = 2200
)

// clean is the row with a creation time that can be remembered, or none.
func (t Task) clean() Task {
	t.Created = t.Created.UTC()
	if year := t.Created.Year(); year < firstYear || year > lastYear {
		t.Created = time.Time{}
	}
	return t
}

// Kind says what an event is about.
type Kind string

// What people can be notified about.
const (
	Finished Kind = "finished" // it finished, or went from one finished status to another
	Stalled  Kind = "stalled"  // it is in flight for longer than the operator accepts
	Expired  Kind = "expired"  // it left the API's memory in flight: nobody knows how it finished
)

// Event is one thing worth a notification about one row.
type Event struct {
	Kind     Kind      `json:"kind"`
	Task     Task      `json:"task"`
	From     Status    `json:"from,omitempty"` // the status remembered before; "" when the row was never seen before
	Observed time.Time `json:"observed_at"`    // when this run saw it, UTC

	// LastChange says that the row has changed its finished status [MostChanges] times:
	// nobody is notified of further changes.
	LastChange bool `json:"last_change,omitempty"`

	// When a row finished, as far as polls can know: after the last complete answer
	// that showed it in flight, and before the first that showed it finished. Both are
	// UTC, and both are zero for a row that was never seen in flight.
	EndedAfter  time.Time `json:"ended_after,omitzero"`
	EndedBefore time.Time `json:"ended_before,omitzero"`
}

// ID names the transition: the same for every attempt to deliver it, another one
// for a later change of the same row.
func (e Event) ID() string {
	sum := e.Task.digest(string(e.Kind), string(e.From), string(e.Task.Status), e.Observed.UTC().Format(time.RFC3339Nano))
	return hex.EncodeToString(sum[:16])
}
