package setup

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// fileReader walks CONFIG_FILE and collects what is wrong with it, each with its
// place. A text that nobody would read is wrong: the operator believes that it is.
type fileReader struct {
	*reader
	named  map[string]bool // the variables that the file refers to
	merges int             // merge keys followed so far
}

// wrongAt reports a mistake at a node.
func (f *fileReader) wrongAt(n *yaml.Node, problem, next string) {
	f.wrong(at(n.Line, n.Column), problem, next)
}

// mistakeAt reports what somebody else found, at a node.
func (f *fileReader) mistakeAt(n *yaml.Node, what string, m *poller.Mistake) {
	f.wrongAt(n, what+": "+m.Problem, m.Next)
}

// pair is a key of a mapping and its value.
type pair struct{ key, value *yaml.Node }

// mapping calls the reader of each key; a key that has none is a mistake.
func (f *fileReader) mapping(n *yaml.Node, what string, readers map[string]func(*yaml.Node)) {
	f.mappingBut(n, what, "", readers)
}

// mappingBut is mapping that leaves keys with a prefix to the author of the file.
func (f *fileReader) mappingBut(n *yaml.Node, what, prefix string, readers map[string]func(*yaml.Node)) {
	var known []string
	for key := range readers {
		known = append(known, key)
	}
	slices.Sort(known)
	for _, p := range f.pairs(n, what) {
		if read, ok := readers[p.key.Value]; ok {
			read(p.value)
			continue
		}
		if prefix != "" && strings.HasPrefix(p.key.Value, prefix) {
			continue
		}
		f.wrongAt(p.key, fmt.Sprintf("unknown key %s in %s", shown(p.key.Value), what), watch.Suggest(p.key.Value, known))
	}
}

// pairs are the keys and values of a mapping, those that a merge key (<<) brings
// among them; its own come first.
func (f *fileReader) pairs(n *yaml.Node, what string) []pair {
	var all []pair
	f.collect(n, what, 0, &all)
	return all
}

func (f *fileReader) collect(n *yaml.Node, what string, depth int, all *[]pair) {
	const deepest, most = 10, 1000 // merges of merges, and all of them
	n = resolve(n)
	switch {
	case isNull(n):
		f.wrongAt(n, what+" is empty", "Write its keys below it, indented")
		return
	case n.Kind == yaml.SequenceNode:
		f.wrongAt(n, what+" is a list, and must hold keys and values", "Write key: value, without a dash before it")
		return
	case n.Kind != yaml.MappingNode:
		f.wrongAt(n, what+" must hold keys and values, such as key: value", "Is there a space after each colon, and are its keys indented below it?")
		return
	case depth > deepest, f.merges > most:
		f.wrongAt(n, "too many merge keys (<<)", "Write the keys out")
		return
	}
	known := len(*all) // a merged key gives way to one that is there already
	own := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			f.wrongAt(key, "a key in "+what+" is not a single word", "Write key: value")
		case key.Tag == "!!merge":
			merged = append(merged, value)
		case own[key.Value]:
			f.wrongAt(key, fmt.Sprintf("key %s is given more than once in %s", shown(key.Value), what), "Keep one of them")
		default:
			own[key.Value] = true
			if !slices.ContainsFunc((*all)[:known], func(p pair) bool { return p.key.Value == key.Value }) {
				*all = append(*all, pair{key, value})
			}
		}
	}
	for _, m := range merged {
		for _, source := range items(m) {
			f.merges++
			f.collect(source, "what << merges into "+what, depth+1, all)
		}
	}
}

// items are the items of a list; what is no list is its own only item.
func items(n *yaml.Node) []*yaml.Node {
	if list := resolve(n); list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return []*yaml.Node{n}
}

// list reads a list of texts, of which none may be empty, and the list neither; a
// single text counts as a list of one.
func (f *fileReader) list(n *yaml.Node, what string) (texts []string, nodes []*yaml.Node) {
	if r := resolve(n); r.Kind == yaml.MappingNode {
		f.wrongAt(n, what+" must be a list", "Write them as [one, two]")
		return nil, nil
	}
	all := items(n)
	if len(all) == 0 {
		f.wrongAt(n, what+" is an empty list", "Leave the key out, or write what it is to hold")
	}
	for _, item := range all {
		if text := f.text(item, what, name); text != "" {
			texts, nodes = append(texts, text), append(nodes, item)
		}
	}
	return texts, nodes
}

// text reads a single value and fills in its references; "" after a mistake.
func (f *fileReader) text(n *yaml.Node, what string, s shape) string {
	r := resolve(n)
	switch {
	case isNull(r), r.Kind == yaml.ScalarNode && strings.TrimSpace(r.Value) == "":
		f.wrongAt(n, what+" is empty", emptyHint)
		return ""
	case r.Kind != yaml.ScalarNode:
		f.wrongAt(n, what+" must be a single value", spaceHint)
		return ""
	case strings.HasPrefix(r.Tag, "!") && !strings.HasPrefix(r.Tag, "!!"), r.Tag == "!!binary":
		f.wrongAt(n, what+" has a tag (!…) that means nothing here", "Write the value alone; a value that begins with ! needs quotes")
		return ""
	}
	for _, variable := range namesIn(r.Value) {
		f.named[variable] = true
	}
	value, m := fillIn(r.Value, f.getenv)
	if m != nil {
		f.mistakeAt(n, what, m)
		return ""
	}
	value = strings.TrimSpace(value)
	if m := checkShape(value, s); m != nil {
		f.mistakeAt(n, what, m)
		return ""
	}
	return value
}

const (
	emptyHint = "Write the value; one that begins with # needs quotes, or it is a comment"
	spaceHint = "Is there a space after each colon?"
)

func (f *fileReader) boolean(n *yaml.Node, what string) bool {
	r := resolve(n)
	if r.Kind != yaml.ScalarNode || r.Value != "true" && r.Value != "false" {
		f.wrongAt(n, what+" must be true or false", "")
	}
	return r.Value == "true"
}

// choice reads one of a few words.
func (f *fileReader) choice(n *yaml.Node, what string, values []string) string {
	text := f.text(n, what, word)
	if text == "" {
		return values[0]
	}
	for _, v := range values {
		if strings.EqualFold(v, text) {
			return v
		}
	}
	f.wrongAt(n, fmt.Sprintf("%s: unknown value %s", what, shown(text)), watch.Suggest(text, values))
	return values[0]
}

// resolve follows an alias. An alias of itself does not come out of the parser.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// shown quotes a word that stands where it is not known, more carefully than
// elsewhere: after a colon without a space, a key holds the value, too.
func shown(word string) string {
	const longest, mixed = 24, 12
	letters, digits := strings.ContainsFunc(word, isASCIILetter), strings.ContainsAny(word, "0123456789")
	if len(word) > longest || strings.ContainsAny(word, "/:?") || len(word) >= mixed && letters && digits {
		return "(not shown: it may hold a secret)"
	}
	return poller.Quote(word)
}

func isASCIILetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }
