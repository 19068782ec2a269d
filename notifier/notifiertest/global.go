package notifiertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"
)

// teams plays a flow with the trigger "When a Teams webhook request is received"
// (Microsoft Learn, read 2026-11): 202 without a body, before anything is posted. A
// message has at most 28 KB.
func (r *Receiver) teams(req *http.Request, body []byte) verdict {
	status, code, message := teamsProblem(req, body)
	if code == "" {
		return verdict{reply: func() reply { return reply{status: http.StatusAccepted} }}
	}
	text, _ := json.Marshal(map[string]any{"error": map[string]any{"code": code, "message": message}})
	return verdict{problem: code + " " + message, reply: func() reply {
		return reply{status: status, contentType: "application/json; charset=utf-8", body: string(text)}
	}}
}

func teamsProblem(req *http.Request, body []byte) (status int, code, message string) {
	var m struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct {
					Type, Text string
					Facts      []struct{ Title, Value string }
				}
				Actions []struct{ Type, Title, URL string }
				MSTeams struct {
					Entities []struct {
						Type, Text string
						Mentioned  struct{ ID, Name string }
					}
				} `json:"msteams"`
			}
		}
	}
	switch {
	case req.URL.Query().Get("sig") != teamsSig:
		return http.StatusUnauthorized, "AuthorizationFailed", "The authentication credentials are not valid."
	case len(body) > 28<<10:
		return http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request entity is too large."
	case json.Unmarshal(body, &m) != nil || !utf8.Valid(body) || m.Type != "message" || len(m.Attachments) != 1 ||
		m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || m.Attachments[0].Content.Type != "AdaptiveCard" || len(m.Attachments[0].Content.Body) == 0:
		return http.StatusBadRequest, "TriggerInputSchemaMismatch", "The input body for trigger 'manual' of type 'Request' did not match its schema definition."
	}
	for _, b := range m.Attachments[0].Content.Body {
		if b.Type != "TextBlock" && b.Type != "FactSet" || b.Type == "TextBlock" && b.Text == "" {
			return http.StatusBadRequest, "TriggerInputSchemaMismatch", "unknown or empty element " + b.Type
		}
	}
	for _, e := range m.Attachments[0].Content.MSTeams.Entities {
		if e.Type != "mention" || e.Mentioned.ID == "" || !strings.Contains(string(body), e.Mentioned.Name) {
			return http.StatusBadRequest, "TriggerInputSchemaMismatch", "a mention names nobody"
		}
	}
	return 0, "", ""
}

// discord plays a webhook (Discord, Execute Webhook and the embed limits, read
// 2026-11): with wait=true it answers with the saved message.
func (r *Receiver) discord(req *http.Request, body []byte) verdict {
	if problem := discordProblem(body); problem != "" {
		text, _ := json.Marshal(map[string]any{"code": 50035, "message": "Invalid Form Body", "errors": problem})
		return verdict{problem: "50035 " + problem, reply: func() reply {
			return reply{status: http.StatusBadRequest, contentType: "application/json", body: string(text)}
		}}
	}
	if req.URL.Query().Get("wait") != "true" {
		return verdict{reply: func() reply { return reply{status: http.StatusNoContent} }}
	}
	return verdict{reply: func() reply {
		return reply{status: http.StatusOK, contentType: "application/json", body: `{"id":"1400000000000000002","channel_id":"1400000000000000003","type":0}`}
	}}
}

func discordProblem(body []byte) string {
	var m struct {
		Content string
		Embeds  []struct {
			Title, Description, URL string
			Color                   int
			Fields                  []struct{ Name, Value string }
			Footer                  struct{ Text string }
		}
	}
	if json.Unmarshal(body, &m) != nil || !utf8.Valid(body) {
		return "no JSON"
	}
	n := utf8.RuneCountInString
	sum := 0
	for _, e := range m.Embeds {
		sum += n(e.Title) + n(e.Description) + n(e.Footer.Text)
		switch {
		case n(e.Title) > 256:
			return fmt.Sprint("title ", n(e.Title))
		case n(e.Description) > 4096:
			return fmt.Sprint("description ", n(e.Description))
		case n(e.Footer.Text) > 2048:
			return fmt.Sprint("footer ", n(e.Footer.Text))
		case len(e.Fields) > 25:
			return fmt.Sprint("fields ", len(e.Fields))
		case e.Color < 0 || e.Color > 0xffffff:
			return "color"
		case e.URL != "" && !strings.HasPrefix(e.URL, "https://") && !strings.HasPrefix(e.URL, "http://"):
			return "url"
		}
		for _, f := range e.Fields {
			sum += n(f.Name) + n(f.Value)
			if f.Name == "" || f.Value == "" || n(f.Name) > 256 || n(f.Value) > 1024 {
				return "a field has a name of 1 to 256 characters and a value of 1 to 1024"
			}
		}
	}
	switch {
	case len(m.Embeds) > 10:
		return fmt.Sprint("embeds ", len(m.Embeds))
	case n(m.Content) > 2000:
		return fmt.Sprint("content ", n(m.Content))
	case sum > 6000:
		return fmt.Sprint("characters in all embeds ", sum)
	case m.Content == "" && len(m.Embeds) == 0:
		return "empty message"
	}
	return ""
}
