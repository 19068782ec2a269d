package setup

import (
	"refreshwatch/notifier"
	"refreshwatch/notifier/sink"
)

// sinks reads the sinks that the environment names, in the contract's order.
func (e *env) sinks() []SinkConfig {
	secret := func(name string) sink.Secret { return sink.Secret(e.get(name)) }
	link := func(name string) sink.Secret { return sink.Secret(e.url(name, "")) }
	candidates := []SinkConfig{
		{Name: TypeSlack, Type: TypeSlack, Token: secret("SLACK_BOT_TOKEN"), Channel: e.get("SLACK_CHANNEL")},
		{Name: TypeSlackWebhook, Type: TypeSlackWebhook, URL: link("SLACK_WEBHOOK_URL")},
		{Name: TypeWebhook, Type: TypeWebhook, URL: link("WEBHOOK_URL"), Secret: secret("WEBHOOK_SECRET")},
		{Name: TypeDingTalk, Type: TypeDingTalk, URL: link("DINGTALK_WEBHOOK_URL"), Secret: secret("DINGTALK_SECRET")},
		{Name: TypeFeishu, Type: TypeFeishu, URL: link("FEISHU_WEBHOOK_URL"), Secret: secret("FEISHU_SECRET")},
		{Name: TypeWeCom, Type: TypeWeCom, URL: link("WECOM_WEBHOOK_URL")},
	}
	var sinks []SinkConfig
	for _, s := range candidates {
		switch {
		case s.Type == TypeSlack && (s.Token != "") != (s.Channel != ""):
			e.wrong("SLACK_BOT_TOKEN and SLACK_CHANNEL: set both or none")
		case s.Type == TypeWebhook && s.URL == "" && s.Secret != "":
			e.wrong("WEBHOOK_SECRET: set WEBHOOK_URL beside it")
		case s.Type == TypeDingTalk && s.URL == "" && s.Secret != "":
			e.wrong("DINGTALK_SECRET: set DINGTALK_WEBHOOK_URL beside it")
		case s.Type == TypeFeishu && s.URL == "" && s.Secret != "":
			e.wrong("FEISHU_SECRET: set FEISHU_WEBHOOK_URL beside it")
		case s.Token != "" || s.URL != "":
			sinks = append(sinks, s)
		}
	}
	return sinks
}

// everythingTo is the route of an operator who wrote none.
func everythingTo(sinks []SinkConfig) notifier.Routes {
	var to []string
	for _, s := range sinks {
		to = append(to, s.Name)
	}
	return notifier.Routes{{To: to}}
}
