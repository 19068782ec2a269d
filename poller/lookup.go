package poller

// mostLookUps bounds the second round of a run.
const mostLookUps = 20

// LookUps is the second round: a row that is due and that a full answer should
// have listed but did not is asked for by its task id. Its creation time may
// differ from the one the API filters by, or its status changed.
func (s State) LookUps(p Plan, b Batch) []Query {
	s = s.watching(p.Limits.Scope)
	listed := map[Key]bool{}
	for _, t := range b.Tasks {
		listed[t.Key] = true
	}
	asked := map[string]bool{}
	for _, q := range p.Queries {
		asked[q.TaskID] = true
	}
	var out []Query
	for _, o := range s.Open {
		if listed[o.Key] || asked[o.TaskID] || len(out) == mostLookUps || !o.due(p.At, p.Limits) {
			continue
		}
		if o.coveredBy(b.Whole) {
			asked[o.TaskID] = true
			out = append(out, lookUp(p.Limits.window(p.At), o.TaskID))
		}
	}
	return out
}

// coveredBy reports whether one of the fully answered questions would have listed
// the row, had it changed its status or not.
func (o Open) coveredBy(whole []Query) bool {
	for _, q := range whole {
		if q.matches(o) {
			return true
		}
	}
	return false
}

// matches reports whether q asks about the row as it is remembered.
func (q Query) matches(o Open) bool {
	if q.TaskID != "" {
		return q.TaskID == o.TaskID && (q.ObjectPath == "" || q.ObjectPath == o.ObjectPath)
	}
	return q.ObjectPath == "" && q.span().has(o.Created) &&
		(q.ObjectType == "" || q.ObjectType == o.ObjectType) &&
		(q.Domain == "" || q.Domain == o.Domain()) &&
		(q.Status == "" || q.Status == o.Status)
}

// lookUp asks for every row of one task id.
func lookUp(window Span, taskID string) Query {
	q := ask(window)
	q.TaskID = taskID
	return q
}
