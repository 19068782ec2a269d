package poller

// Few unfinished rows may lie far apart, or among thousands of finished ones: one
// row that hangs of a submission of 2,000 costs 40 pages to see. A question by
// status lists only the unfinished. A row it does not list has changed, and the
// second round looks it up: so it pays only where little is about to change.

// sparse replaces pieces of one type by a question by status where that is
// cheaper, and returns the others.
func (p *planner) sparse(class typeClass, ws []piece) []piece {
	if class == otherType {
		return ws
	}
	var rest []piece
	span := Span{p.window.To, p.window.From}
	cost, lookUps, due := 0, 0, 0
	for _, w := range ws {
		rows, refreshing, stuck := w.due()
		if !refreshing || !stuck && w.window <= changes(rows) {
			rest = append(rest, w)
			continue
		}
		due, cost = due+rows, cost+w.window
		if !stuck {
			lookUps += changes(rows)
		}
		span = Span{earlier(span.From, fromUnix(w.first)), later(span.To, fromUnix(w.last+1))}
	}
	if due == 0 {
		return ws
	}
	q, rows := p.byStatus(class, span)
	pages := pagesFor(rows)
	// At equal cost it pays where it spares other stuck rows their own question later.
	if pages+lookUps > cost || pages+lookUps == cost && rows <= due {
		return ws
	}
	p.Queries, p.cost = append(p.Queries, q), p.cost+pages
	return rest
}

// changes is about how many of so many unfinished rows have finished by the next
// run, at most: each costs a look-up.
func changes(rows int) int { return 1 + rows/4 }

// due sums up the points of the piece.
func (w piece) due() (rows int, refreshing, stuck bool) {
	refreshing, stuck = true, true
	for _, pt := range w.points {
		rows, refreshing, stuck = rows+pt.rows, refreshing && pt.refreshing, stuck && pt.stuck
	}
	return rows, refreshing, stuck
}

// byStatus is the question for the unfinished rows of a type in span, made longer
// to take in every stuck one, and how many rows it is expected to list.
func (p *planner) byStatus(class typeClass, span Span) (q Query, rows int) {
	for _, o := range p.state.Open {
		if classOf(o.ObjectType) == class && o.Status == Refreshing && o.backedOff(p.At) && p.window.has(o.Created) {
			span = Span{earlier(span.From, o.Created), later(span.To, o.Created.Add(1))}
		}
	}
	span.To = ceilSecond(span.To)
	q = ask(span)
	q.ObjectType, q.Status = classNames[class], Refreshing
	for _, o := range p.state.Open {
		if q.matches(o) {
			rows++
		}
	}
	return q, rows
}
