package apitest

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"refreshwatch/poller"
)

// The actions of STS.
const (
	assumeRole     = "AssumeRole"
	callerIdentity = "GetCallerIdentity"
)

// Account is whose account the server's own key belongs to.
const Account = "1234567890123456"

// Role is one that a server lets a key assume (AssumeRole, STS 2015-04-01, read
// 2026-11).
type Role struct {
	ARN        string
	ExternalID string        // the trust policy's condition; "" for none
	Caller     string        // the role whose session may assume it; "" for the server's own key
	Longest    time.Duration // a session's; default an hour
}

// apiKey is one that the server knows.
type apiKey struct {
	secret, token string
	expires       time.Time // zero for never
	role          string    // whose session it is; "" for the server's own key
}

// RevokeSessions makes the server refuse every role's key that it has issued, before
// its end.
func (s *Server) RevokeSessions() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, key := range s.keys {
		if key.role != "" {
			delete(s.keys, id)
		}
	}
}

// Issued are the ids, secrets and tokens of all sessions so far: what must not show
// up anywhere.
func (s *Server) Issued() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issued)
}

// assume answers AssumeRole for the key that signed the request.
func (s *Server) assume(form url.Values, now time.Time) (func(id string) []byte, *refusal) {
	role, refused := s.assumable(form)
	if refused != nil {
		return nil, refused
	}
	seconds, err := strconv.Atoi(form.Get("DurationSeconds"))
	life := time.Duration(seconds) * time.Second
	longest := role.Longest
	if longest == 0 {
		longest = time.Hour
	}
	switch name := form.Get("RoleSessionName"); {
	case len(name) < 2 || len(name) > 64 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.@-_") != "":
		return nil, invalid("InvalidParameter.RoleSessionName", "The parameter RoleSessionName is wrongly formed.")
	case form.Get("DurationSeconds") == "":
		life = longest
	case err != nil || life < 15*time.Minute || life > longest:
		return nil, invalid("InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/Role's MaxSessionDuration.")
	}
	id, key := "STS."+rand.Text(), apiKey{secret: "session-secret-" + rand.Text(), token: "session-token+/" + rand.Text(), expires: now.Add(life), role: role.ARN}
	s.keys[id] = key
	s.issued = append(s.issued, id, key.secret, key.token)
	return func(request string) []byte {
		return encode(map[string]any{
			"RequestId":       request,
			"AssumedRoleUser": map[string]string{"Arn": strings.Replace(role.ARN, ":role/", ":assumed-role/", 1) + "/" + form.Get("RoleSessionName"), "AssumedRoleId": "391578752573972854:" + form.Get("RoleSessionName")},
			"Credentials":     map[string]string{"AccessKeyId": id, "AccessKeySecret": key.secret, "SecurityToken": key.token, "Expiration": key.expires.Format(time.RFC3339)},
		})
	}, nil
}

// identity answers GetCallerIdentity, which takes no permission.
func (s *Server) identity(form url.Values) func(id string) []byte {
	account, arn, kind := Account, "acs:ram::"+Account+":user/apitest", "RAMUser"
	if role := s.keys[form.Get("AccessKeyId")].role; role != "" {
		account, _, _ = strings.Cut(strings.TrimPrefix(role, "acs:ram::"), ":")
		arn, kind = strings.Replace(role, ":role/", ":assumed-role/", 1)+"/refreshwatch", "AssumedRoleUser"
	}
	return func(request string) []byte {
		return encode(map[string]string{"RequestId": request, "IdentityType": kind, "AccountId": account, "Arn": arn, "PrincipalId": "28877424437521"})
	}
}

// assumable finds the role. A caller without the permission, one that the role does
// not trust, and a wrong external id get the same answer.
func (s *Server) assumable(form url.Values) (Role, *refusal) {
	arn := form.Get("RoleArn")
	if !strings.HasPrefix(arn, "acs:ram::") {
		return Role{}, invalid("InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
	}
	i := slices.IndexFunc(s.options.Roles, func(r Role) bool { return r.ARN == arn })
	if i < 0 {
		return Role{}, &refusal{http.StatusNotFound, "EntityNotExist.Role", "The role not exists: " + arn + ".", poller.Denied}
	}
	role := s.options.Roles[i]
	if s.keys[form.Get("AccessKeyId")].role != role.Caller || role.ExternalID != "" && form.Get("ExternalId") != role.ExternalID {
		return Role{}, &refusal{http.StatusForbidden, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM. ExternalId=" + form.Get("ExternalId"), poller.Denied}
	}
	return role, nil
}

func text(n int) string { return strconv.Itoa(n) }
