package watch

import (
	"strings"
)

// DidYouMean completes an error about an unknown word: with the known word that is
// nearest to it, or with all of them.
func DidYouMean(word string, words []string) string {
	best, nearest := "", max(1, len(word)/3)+1 // a third of the letters may be wrong
	for _, w := range words {
		if strings.HasPrefix(strings.ToLower(w), strings.ToLower(word)) && len(word) > 1 {
			best, nearest = w, 0
		}
		if d := editDistance(strings.ToLower(word), strings.ToLower(w)); d < nearest {
			best, nearest = w, d
		}
	}
	if best != "" {
		return "; did you mean " + best + "?"
	}
	return "; known: " + strings.Join(words, ", ")
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
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
