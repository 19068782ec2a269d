package notifiertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// webhookTolerance is how far a Standard Webhooks timestamp may be off.
const webhookTolerance = 5 * time.Minute

// webhook plays an endpoint of the operator's own.
func (r *Receiver) webhook(req *http.Request, body []byte) verdict {
	v := verdict{id: req.Header.Get("Webhook-Id"), problem: r.webhookProblem(req.Header, body)}
	v.reply = func() reply {
		if v.problem != "" {
			return reply{status: http.StatusBadRequest, body: v.problem}
		}
		return reply{status: http.StatusNoContent}
	}
	return v
}

func (r *Receiver) webhookProblem(h http.Header, body []byte) string {
	id, stamp := h.Get("Webhook-Id"), h.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	var event struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	switch {
	case id == "" || strings.Contains(id, "."):
		return "bad webhook-id"
	case err != nil || r.now().Sub(time.Unix(seconds, 0)).Abs() > webhookTolerance:
		return "bad webhook-timestamp"
	case r.WebhookSecret != "" && !standardSigned(r.WebhookSecret, id, stamp, h.Get("Webhook-Signature"), body):
		return "no matching webhook-signature"
	case json.Unmarshal(body, &event) != nil || event.Type == "" || len(event.Data) == 0:
		return "the body is no event"
	default:
		return ""
	}
}

// standardSigned reports whether one of the space-separated signatures matches.
func standardSigned(secret, id, stamp, signatures string, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(signatures) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return true
		}
	}
	return false
}
