package watch

import (
	"strings"
)

// Suggest is the next step after an unknown word: the known word that is nearest to
// it, or all of them.
func Suggest(word string, words []string) string {
	if best := nearest(word, words); best != "" {
		return "Did you mean " + best + "?"
	}
	return "Known: " + strings.Join(words, ", ")
}

// nearest is the known word that was probably meant; "" when none is near.
func nearest(word string, words []string) string {
	if len(word) > 64 {
		return ""
	}
	best, least := "", max(1, len(word)/3)+1 // a third of the letters may be wrong
	for _, w := range words {
		if strings.HasPrefix(strings.ToLower(w), strings.ToLower(word)) && len(word) > 1 {
			best, least = w, 0
		}
		d := Distance(strings.ToLower(word), strings.ToLower(w))
		if isSwapped(strings.ToLower(word), strings.ToLower(w)) {
			d = 1
		}
		if d < least {
			best, least = w, d
		}
	}
	return best
}

// isSwapped reports whether two neighbours are in the wrong order, which is one slip.
func isSwapped(a, b string) bool {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// Distance is how many letters have to change to make b of a (Levenshtein).
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
