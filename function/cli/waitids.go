package cli

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"refreshwatch/function/watch"
	"refreshwatch/poller"
)

// submissionIDs are the fields in which a submission's answer names its tasks
// (RefreshVodObjectCaches, PreloadVodObjectCaches; CDN's and DCDN's siblings; read
// 2026-11), and the one in a line of list -format json.
var submissionIDs = []string{"RefreshTaskId", "PreloadTaskId", "PushTaskId", "task_id"}

// waitIDs reads the arguments of wait; - stands for what is on stdin.
func waitIDs(args []string, stdin io.Reader) ([]string, error) {
	var ids []string
	for _, arg := range args {
		if arg != "-" {
			items, err := splitList(arg)
			if err != nil {
				return nil, waitMistake("an id in "+poller.Quote(arg)+" is empty", "Is a variable not set?")
			}
			ids = append(ids, items...)
			continue
		}
		text, err := io.ReadAll(io.LimitReader(stdin, watch.MaxEvent+1))
		switch {
		case err != nil:
			return nil, stdinMistake(err.Error(), "")
		case len(text) > watch.MaxEvent:
			return nil, stdinMistake("larger than "+strconv.Itoa(watch.MaxEvent)+" bytes", whatToPipe)
		}
		read, err := idsIn(strings.TrimSpace(strings.TrimPrefix(string(text), byteOrderMark)))
		if err != nil {
			return nil, err
		}
		ids = append(ids, read...)
	}
	var all []string
	for _, id := range ids {
		if !watch.LikeTaskID(id) {
			return nil, waitMistake(poller.Quote(id)+" is no task id", "Copy it from the answer of the submission, such as 12345678")
		}
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if len(all) == 0 {
		return nil, waitMistake("no task id", "Name the ids, or write - to read them from stdin")
	}
	return all, nil
}

// byteOrderMark is what PowerShell puts before what it pipes or writes to a file.
const byteOrderMark = "\ufeff"

const whatToPipe = "Pipe task ids, or the answer of a submission"

func stdinMistake(problem, next string) error {
	return watch.Usage(&poller.Mistake{Setting: "stdin", Problem: problem, Next: next})
}

// idsOf are the ids in what somebody else wrote: commas and spaces part them.
func idsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r <= ' ' })
}

func waitMistake(problem, next string) error {
	return watch.Usage(&poller.Mistake{Setting: "wait", Problem: problem, Next: next})
}

// idsIn reads ids as words, or JSON that holds them: answers of submissions, strings,
// numbers, lists of them.
func idsIn(text string) ([]string, error) {
	if text == "" {
		return nil, stdinMistake("empty", "Did the submission fail?")
	}
	if !strings.ContainsAny(text[:1], `{["`) {
		ids := idsOf(text)
		for _, id := range ids {
			if !watch.LikeTaskID(id) {
				return nil, stdinMistake(poller.Quote(id)+" is no task id", "Did the submission fail? Pipe task ids, or the answer of a submission")
			}
		}
		return ids, nil
	}
	var found answerIDs
	for from := json.NewDecoder(strings.NewReader(text)); ; {
		from.UseNumber()
		var value any
		err := from.Decode(&value)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, stdinMistake("invalid JSON ("+err.Error()+")", whatToPipe)
		}
		found.search(value, true)
	}
	switch {
	case len(found.ids) > 0:
		return found.ids, nil
	case found.code != "":
		return nil, stdinMistake("the submission was refused: "+shortenEnd(printable(found.code), 200), "Submit again")
	}
	return nil, stdinMistake("no task id in it", "The answer of a submission holds "+strings.Join(submissionIDs[:3], ", "))
}

// answerIDs is what was found in JSON.
type answerIDs struct {
	ids  []string
	code string // of an answer that is an error
}

// search walks through a value; bare strings and numbers count only outside of objects.
func (a *answerIDs) search(value any, bare bool) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			a.search(element, bare)
		}
	case map[string]any:
		for _, name := range submissionIDs {
			a.search(v[name], true)
			delete(v, name)
		}
		if code, ok := v["Code"].(string); ok {
			message, _ := v["Message"].(string)
			a.code = strings.TrimSuffix(code+": "+message, ": ")
		}
		for _, inner := range v {
			a.search(inner, false)
		}
	case string:
		if bare {
			a.ids = append(a.ids, idsOf(v)...)
		}
	case json.Number:
		if bare {
			a.ids = append(a.ids, v.String())
		}
	}
}
