package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"refreshwatch/notifier/sink"
)

// signDingTalk puts timestamp and signature into the query. The key is the
// secret, the message "timestamp\nsecret" (custom bot security settings, read
// 2026-11). url.Values escapes; doing it here too makes "sign not match".
func signDingTalk(secret string, now time.Time, to url.Values, _ map[string]any) {
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	to.Set("timestamp", stamp)
	to.Set("sign", hmacBase64(secret, stamp+"\n"+secret))
}

// signFeishu puts them into the body, in seconds, with the roles exchanged: the
// key is "timestamp\nsecret", the message is empty (custom bot guide, read 2026-11).
func signFeishu(secret string, now time.Time, _ url.Values, body map[string]any) {
	stamp := strconv.FormatInt(now.Unix(), 10)
	body["timestamp"] = stamp
	body["sign"] = hmacBase64(stamp+"\n"+secret, "")
}

func hmacBase64(key, message string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// dingTalkFlood is the "status" of DingTalk's flood guard (reported).
const dingTalkFlood = 1111

const (
	reportShape = "Report this message's shape: it should have passed"
	urlHint     = "Check {url}, and whether it is still in the group"
	slowDown    = "The bot takes a limited number of messages a minute; the message waits"
)

// dingTalkRule classifies DingTalk's codes (custom bot guide; those marked are
// reported, 2026-11).
func dingTalkRule(code int, message string) sink.Rule {
	switch code {
	case -1, 130101, 410100, dingTalkFlood:
		return sink.Rule{Class: sink.Later, Hint: slowDown}
	case 310000:
		return sink.Rule{Class: sink.Refused, Hint: dingTalkSecurity(message)}
	case 300005, 300001, 400101, 400102, 400106, 400013: // all but 300005 reported
		return sink.Rule{Class: sink.Refused, Hint: urlHint}
	case 40035, 43004, 400105, 460101: // 460101 reported
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: reportShape}
	default:
		return sink.Rule{Class: sink.Later}
	}
}

// dingTalkSecurity is the hint for one of the four causes of 310000, which DingTalk
// names in English or in Chinese. An answer about a signature may mention timestamps
// in its advice, so the signature comes first.
func dingTalkSecurity(message string) string {
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(strings.ToLower(message), part) })
	}
	switch {
	case has("keyword", "关键词"):
		return "Set the region, such as cn-shanghai (or LABEL), as a keyword in the bot's security settings: every message holds it; or use a signature instead"
	case has("sign not match", "签名不匹配"):
		return secretHint
	case has("timestamp", "过期", "时间戳"):
		return "This machine's clock is more than an hour off"
	case has("ip ", "白名单", "whitelist"):
		return "Allow this machine's address in the bot's security settings, or use a signature instead"
	default:
		return secretHint
	}
}

const secretHint = "Check {secret} against the bot's security settings"

// feishuRule classifies Feishu's codes (custom bot guide, read 2026-11; 11232 reported).
func feishuRule(code int, message string) sink.Rule {
	switch code {
	case 11232:
		return sink.Rule{Class: sink.Later, Hint: slowDown}
	case 9499, 19002:
		if strings.Contains(strings.ToLower(message), "frequency") || strings.Contains(message, "too many") || strings.Contains(message, "频率") {
			return sink.Rule{Class: sink.Later, Hint: slowDown} // seen under 9499 too
		}
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: reportShape}
	case 19001:
		return sink.Rule{Class: sink.Refused, Hint: urlHint}
	case 19021:
		return sink.Rule{Class: sink.Refused, Hint: "Check {secret} against the bot's security settings, and this machine's clock"}
	case 19022:
		return sink.Rule{Class: sink.Refused, Hint: "Allow this machine's address in the bot's security settings"}
	case 19024:
		return sink.Rule{Class: sink.Refused, Hint: "Set the region, such as cn-shanghai (or LABEL), as a keyword in the bot's security settings: every message holds it"}
	default:
		return sink.Rule{Class: sink.Later}
	}
}

// weComRule classifies WeCom's codes (group bot guide and error table, read 2026-11).
func weComRule(code int, _ string) sink.Rule {
	switch code {
	case -1, 45009, 45033:
		return sink.Rule{Class: sink.Later, Hint: slowDown}
	case 93000, 93004, 93008:
		return sink.Rule{Class: sink.Refused, Hint: urlHint}
	case 40008, 40058, 44004, 45002:
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: reportShape}
	default:
		return sink.Rule{Class: sink.Later}
	}
}

// teamsRule classifies a flow's refusals (Logic Apps error codes, read 2026-11). What
// it does not know is left to the HTTP status.
func teamsRule(status int, code string) sink.Rule {
	const create = "Create the flow again and set its URL"
	switch {
	case code == "WorkflowTriggerIsNotEnabled":
		return sink.Rule{Class: sink.Refused, Hint: "Turn the flow on in Power Automate"}
	case code == "WorkflowNotFound", code == "TriggerNotFound":
		return sink.Rule{Class: sink.Refused, Hint: "The flow was deleted. " + create}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return sink.Rule{Class: sink.Refused, Hint: "Copy the flow's URL again, with its sig parameter; the flow must allow anyone to trigger it"}
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge:
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: reportShape}
	default:
		return sink.Rule{}
	}
}

// discordRule classifies Discord's codes (Opcodes and Status Codes, read 2026-11).
func discordRule(code int) sink.Rule {
	switch code {
	case 10015, 50027: // unknown webhook, invalid webhook token
		return sink.Rule{Class: sink.Refused, Hint: "The webhook was deleted; create a new one and set its URL"}
	case 10003, 50001, 50013: // unknown channel, missing access, missing permissions
		return sink.Rule{Class: sink.Refused, Hint: "Check the webhook's channel and its permissions"}
	case 50006, 50035, 50109: // empty message, invalid form body, invalid JSON
		return sink.Rule{Class: sink.Refused, Layout: true, Hint: reportShape}
	case 40062, 130000: // rate limited, overloaded
		return sink.Rule{Class: sink.Later, Hint: slowDown}
	default:
		return sink.Rule{}
	}
}
