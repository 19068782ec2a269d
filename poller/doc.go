// Package poller knows what to ask the API and what changed since the last time.
//
// It is pure but for [Reader], which asks; the network hides behind [Lister], the clock
// is a parameter, and nothing is remembered outside [State]. One poll is
//
//	plan := state.Plan(now, limits)            // what is new, what is in flight, what was never read
//	reader := NewReader(lister, state, workers)
//	reader.Poll(ctx, state, plan, stop)        // the answers, as far as time allows
//	change := state.Diff(plan, reader.Batch(), now, policy)
//
// Its one invariant: a row that was listed as finished is remembered with the sinks that
// were notified, or is silent by policy, or is among the returned notifications, or was
// held back and is read again. Absence proves nothing: a row that is not listed is never
// taken for finished.
//
// # Two ways to ask
//
// One window of creation times reaches back from now to the oldest row in flight for which
// that is cheaper than asking for the older ones by task id; a second with many of them is
// listed instead. All rows of the account are read and remembered, watched or not: so a
// count needs no filter, the API's filters need no trust, and a change of what is watched
// loses nothing, since it only decides who is notified. It costs the requests and the 17
// bytes a row of what nobody watches; an account whose other tasks outnumber the watched
// ones by far pays for it. The window and the look-ups together never cost more than the
// window of everything.
//
// # Why a count proves that a window is whole
//
// A [Window] is pinned: the answers to its pages are slices, by number, of one list S, of
// which the API says how long it is. Let K be the distinct rows known to be created in the
// window, whichever run or pass has read them. If every row of K is still listed, K ⊆ S;
// then |K| = |S| means K = S, in whatever order the pages came, whatever was repeated, and
// whichever run died in between. Pages only have to be read until K has grown to |S|.
//
// What can break the premise, and what is done about it:
//
//   - The ends. Nobody knows whether they are included, so a row of the first or last
//     second is in K only if this window's own answers listed it; the same goes for a row
//     whose creation time cannot be read. Only the seconds between are claimed as read.
//   - Rows that left the list. Those after them move up, so a window that goes on in a later
//     run reads its last page again. If K is larger than S, they show: then only rows count that
//     the window's own answers list from then on. If as many left as nobody has seen, the
//     numbers agree by chance. But a row that left is not listed, so the pass has listed
//     fewer rows than there are, and then, too, only own answers count; a total that shrinks
//     between two passes makes them begin anew.
//   - A total that is too low. Then the own answers list more than it admits. Pages are
//     read as long as they are full, and the window is whole once a pass of its own to the
//     last page that is not full has added no row.
//   - A total that is too high or contradicts itself. Nothing is claimed: after two passes
//     in a row that added nothing the window is asked for less and less often, and it is
//     reported as a gap when the API forgets it. Its rows are notified at once all the same.
//   - Rows that the API lists more than once and counts so in its total, as of an object that
//     was submitted twice in a second. No row changes places within a page, so what a page
//     repeats is no accident of paging: it may be missing in K once a second reading repeats
//     it, too, in one run and on one page. Nor has anything moved between two passes that
//     list the same rows in the same order, as many as the total: then rows that other pages
//     repeat may be missing as well, unless a page has no row of its own. That the API hides
//     a row for good and shows another twice is not considered.
//   - An order that never settles. Within a page no row changes places, so a window that
//     does not add up is read again in pieces that fit on a page. A second with more rows
//     than that is read until every one of them has been listed.
//   - A replica that lags. The largest total of a pass counts, so one late answer among
//     others proves nothing. If all lag, rows of the last minutes are missing; the overlap
//     reads five minutes again in every poll.
//
// What remains: rows that left and as many that appeared while as many are hidden, between
// passes over one second that never keeps its order, or between the runs of one pass. Old rows
// are read again when they are an hour old and then once a cycle, and what was missed is found
// there.
//
// # How late
//
// A row is in flight in the state from the first poll that lists it, and every later poll
// asks about it for two hours, then each time another 120th of its age has passed. What is
// new and what is in flight come first. A run that cannot do all leaves windows that know
// where they stand: no page is asked for twice without need, and each run with an answer
// makes the rest smaller. The tests hold it to 2.5 times the runs that a list that keeps
// still would need.
//
// Start reading at [Task], then [State.Plan], [Window] and [State.Diff].
package poller
