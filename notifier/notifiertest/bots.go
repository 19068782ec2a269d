package notifiertest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"
)

// botTolerance is how far DingTalk's and Feishu's timestamps may be off.
const botTolerance = time.Hour

func hmacBase64(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (r *Receiver) near(t time.Time) bool { return r.now().Sub(t).Abs() <= botTolerance }

// botVerdict answers HTTP 200 whatever the code, as the bots do.
func botVerdict(code int, message, format string) verdict {
	v := verdict{reply: func() reply {
		return reply{status: http.StatusOK, contentType: "application/json", body: fmt.Sprintf(format, code, strconv.Quote(message))}
	}}
	if code != 0 {
		v.problem = fmt.Sprintf("%d %s", code, message)
	}
	return v
}

// dingTalk plays the custom bot (open.dingtalk.com, custom robot access).
func (r *Receiver) dingTalk(req *http.Request, body []byte) verdict {
	code, message := r.dingTalkCode(req.URL.Query(), body)
	return botVerdict(code, message, `{"errcode":%d,"errmsg":%s}`)
}

func (r *Receiver) dingTalkCode(query url.Values, body []byte) (int, string) {
	var m struct {
		MsgType  string `json:"msgtype"`
		Text     struct{ Content string }
		Markdown struct{ Title, Text string }
	}
	stamp := query.Get("timestamp")
	millis, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case query.Get("access_token") != dingTalkToken:
		return 300005, "token is not exist"
	case r.DingTalkSecret != "" && (err != nil || !r.near(time.UnixMilli(millis))):
		return 310000, "invalid timestamp"
	case r.DingTalkSecret != "" && query.Get("sign") != hmacBase64(r.DingTalkSecret, stamp+"\n"+r.DingTalkSecret):
		return 310000, "sign not match"
	case len(body) > 20_000:
		return 460101, "message too long"
	case json.Unmarshal(body, &m) != nil || !utf8.Valid(body):
		return 40035, "invalid json"
	case m.MsgType == "text" && m.Text.Content != "":
		return 0, "ok"
	case m.MsgType == "markdown" && m.Markdown.Title != "" && m.Markdown.Text != "":
		return 0, "ok"
	default:
		return 400105, "unsupported message type"
	}
}

// feishu plays the custom bot (open.feishu.cn, custom bot guide).
func (r *Receiver) feishu(_ *http.Request, body []byte) verdict {
	code, message := r.feishuCode(body)
	return botVerdict(code, message, `{"code":%d,"msg":%s,"data":{}}`)
}

func (r *Receiver) feishuCode(body []byte) (int, string) {
	var m struct {
		Timestamp string `json:"timestamp"`
		Sign      string `json:"sign"`
		MsgType   string `json:"msg_type"`
		Content   struct{ Text string }
		Card      struct {
			Schema string
			Header struct{ Title struct{ Tag, Content string } }
			Body   struct {
				Elements []struct{ Tag, Content string }
			}
		}
	}
	if json.Unmarshal(body, &m) != nil || !utf8.Valid(body) {
		return 9499, "Bad Request"
	}
	seconds, err := strconv.ParseInt(m.Timestamp, 10, 64)
	switch {
	case r.FeishuSecret != "" && (err != nil || !r.near(time.Unix(seconds, 0))):
		return 19021, "sign match fail or timestamp is not within one hour from current time"
	case r.FeishuSecret != "" && m.Sign != hmacBase64(m.Timestamp+"\n"+r.FeishuSecret, ""):
		return 19021, "sign match fail or timestamp is not within one hour from current time"
	case len(body) > 20<<10:
		return 9499, "Bad Request"
	case m.MsgType == "text" && m.Content.Text != "":
		return 0, "success"
	case m.MsgType == "interactive" && m.Card.Schema == "2.0" && m.Card.Header.Title.Content != "" && len(m.Card.Body.Elements) > 0:
		return 0, "success"
	default:
		return 19002, "params error, msg_type need"
	}
}

// weCom plays the group bot (developer.work.weixin.qq.com).
func (r *Receiver) weCom(req *http.Request, body []byte) verdict {
	code, message := weComCode(req.URL.Query(), body)
	return botVerdict(code, message, `{"errcode":%d,"errmsg":%s}`)
}

func weComCode(query url.Values, body []byte) (int, string) {
	var m struct {
		MsgType  string `json:"msgtype"`
		Text     struct{ Content string }
		Markdown struct{ Content string }
	}
	switch {
	case query.Get("key") != weComKey:
		return 93000, "invalid webhook url"
	case json.Unmarshal(body, &m) != nil || !utf8.Valid(body):
		return 40008, "invalid message type"
	case m.MsgType == "markdown" && m.Markdown.Content != "":
		if len(m.Markdown.Content) > 4096 {
			return 40058, "markdown.content exceed max length 4096"
		}
		return 0, "ok"
	case m.MsgType == "text" && m.Text.Content != "":
		if len(m.Text.Content) > 2048 {
			return 40058, "text.content exceed max length 2048"
		}
		return 0, "ok"
	default:
		return 40008, "invalid message type"
	}
}
