package poller

import (
	"fmt"
	"strings"
)

// Quota is how many submissions of one kind the account may still make today, by the
// API's own count.
type Quota struct {
	// ObjectType is what the submissions are of: "file", "directory", "preload",
	// "regex", or another word of the API, in lower case.
	ObjectType string `json:"object_type"`
	Left       int    `json:"left"`
	Total      int    `json:"total"` // a day
}

// IsLow reports whether less than a tenth is left.
func (q Quota) IsLow() bool { return q.Total > 0 && q.Left*10 < q.Total }

// QuotaText is a line of quotas, in any language: "file 1996/2000, directory 99/100".
func QuotaText(quotas []Quota) string {
	var left []string
	for _, q := range quotas {
		left = append(left, fmt.Sprintf("%s %d/%d", q.ObjectType, q.Left, q.Total))
	}
	return strings.Join(left, ", ")
}
