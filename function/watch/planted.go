package watch

// Whoever may write under the checkpoint's prefix can plant a document. Its checksum
// keeps nobody out, and a list of empty rows is small on disk and huge in memory.
const (
	smallestRow = 48 // bytes of a listed row, less than the shortest that is ever written
	shortLists  = 64 // elements of lists that hold no rows: names of sinks, hashes of keys
)

// isCrowded reports whether a head lists more rows than its bytes can hold.
func isCrowded(head []byte) bool { return (listed(head)-shortLists)*smallestRow > len(head) }

// listed counts the elements of all lists in a JSON text, from above: an empty list
// counts as one.
func listed(text []byte) int {
	n := 0
	var open []byte // the brackets around the place, the innermost last
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{':
			open = append(open, c)
		case '[':
			open = append(open, c)
			n++
		case ',':
			if len(open) > 0 && open[len(open)-1] == '[' {
				n++
			}
		case '}', ']':
			open = open[:max(0, len(open)-1)]
		}
	}
	return n
}
