package setup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"refreshwatch/function/watch"
	"refreshwatch/notifier/sink"
	"refreshwatch/poller"
	"refreshwatch/poller/aliyun"
)

// Profile is what a profile of the aliyun CLI stands for. The file is read here and
// by no library: theirs quote it in errors, with every key in it.
type Profile struct {
	Name    string        // "" when none is used
	Roles   []aliyun.Role // assumed one after the other, the first by the profile's key
	Problem error         // why there is no key, where nobody named a profile; for whoever needs one
}

// from says where a key came from, for advice on it; "" for the environment.
func (p Profile) from() string {
	if p.Name == "" {
		return ""
	}
	return "profile " + p.Name + " of ~/.aliyun/config.json"
}

const (
	profileFile     = "~/.aliyun/config.json"
	profileVariable = "ALIBABA_CLOUD_PROFILE"
	profileMax      = 1 << 20
	nextKey         = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
)

// cliProfile is one entry of the file (aliyun-cli, read 2026-11).
type cliProfile struct {
	Name          string `json:"name"`
	Mode          string `json:"mode"`
	ID            string `json:"access_key_id"`
	Secret        string `json:"access_key_secret"`
	Token         string `json:"sts_token"`
	RoleARN       string `json:"ram_role_arn"`
	ExternalID    string `json:"external_id"`
	STSRegion     string `json:"sts_region"`
	SourceProfile string `json:"source_profile"`
}

// profile is the key of ALIBABA_CLOUD_PROFILE, or of the file's current profile. Only
// a profile that somebody named has to be there.
func (r *reader) profile(stsEndpoint string) (Key, Profile) {
	wanted := r.text(profileVariable, line)
	if wanted == "" && r.isSet(profileVariable) {
		return Key{}, Profile{}
	}
	file, found, err := readProfiles(r.getenv)
	if err == nil && !found && wanted == "" {
		return Key{}, Profile{}
	}
	if err == nil && !found {
		err = badProfile(profileFile+" does not exist", "Run aliyun configure, or "+nextKey)
	}
	var key Key
	var roles []aliyun.Role
	chosen := wanted
	if err == nil {
		if chosen = cmp.Or(wanted, file.Current); chosen == "" {
			err = badProfile(profileFile+" has no current profile", "Set "+profileVariable+". "+file.suggest(""))
		} else {
			key, roles, err = file.resolve(chosen, stsEndpoint, nil)
		}
	}
	switch {
	case err == nil:
		profile := Profile{Name: plainName(chosen), Roles: roles}
		key.From = profile.from()
		return key, profile
	case wanted == "":
		return Key{}, Profile{Problem: err}
	}
	r.wrongAll(profileVariable, err)
	return Key{}, Profile{}
}

type cliFile struct {
	Current  string       `json:"current"`
	Profiles []cliProfile `json:"profiles"`
}

// readProfiles reads the file in the user's home directory; found is false when there
// is none. No error quotes anything of it.
func readProfiles(getenv func(string) string) (file cliFile, found bool, err error) {
	home := getenv("HOME")
	if home == "" {
		home = getenv("USERPROFILE") // Windows
	}
	if home == "" {
		return cliFile{}, false, nil
	}
	path := filepath.Join(home, ".aliyun", "config.json")
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return cliFile{}, false, nil
	case err != nil || !info.Mode().IsRegular():
		return cliFile{}, true, badProfile(profileFile+" cannot be read", "Check that it is a file that this user may read")
	}
	data, err := readBounded(path, profileMax)
	if err != nil {
		return cliFile{}, true, badProfile(profileFile+" cannot be read", "Check that it is a file that this user may read")
	}
	if json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &file) != nil {
		return cliFile{}, true, badProfile(profileFile+" is not what the aliyun CLI writes", "Run aliyun configure, or "+nextKey)
	}
	return file, true, nil
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// resolve is a profile's key, and the roles that it assumes. seen are the profiles
// that lead here.
func (f cliFile) resolve(wanted, stsEndpoint string, seen []string) (Key, []aliyun.Role, error) {
	p, err := f.named(wanted)
	switch {
	case err != nil:
		return Key{}, nil, err
	case slices.Contains(seen, wanted):
		return Key{}, nil, badProfile("profile "+plainName(wanted)+" is the source of itself", "Correct source_profile in "+profileFile)
	}
	key := Key{ID: p.ID, Secret: sink.Secret(p.Secret)}
	var roles []aliyun.Role
	switch strings.ToLower(p.Mode) {
	case "ak":
	case "ststoken":
		key.Token = sink.Secret(p.Token)
	case "ramrolearn":
		key.Token = sink.Secret(p.Token)
		roles = []aliyun.Role{p.role(stsEndpoint)}
	case "chainableramrolearn":
		if p.SourceProfile == "" {
			return Key{}, nil, badProfile("profile "+plainName(wanted)+" has no source_profile", "Run aliyun configure for this profile")
		}
		if _, err := f.named(p.SourceProfile); err != nil {
			for _, m := range poller.Mistakes(err) {
				return Key{}, nil, badProfile("source_profile of profile "+plainName(wanted)+": "+m.Problem, m.Next)
			}
		}
		key, roles, err = f.resolve(p.SourceProfile, stsEndpoint, append(seen, wanted))
		roles = append(roles, p.role(stsEndpoint))
	case "":
		return Key{}, nil, badProfile("profile "+plainName(wanted)+" has no mode", "Run aliyun configure for this profile")
	default:
		return Key{}, nil, badProfile("profile "+plainName(wanted)+" has the mode "+plainName(p.Mode)+", which is not supported",
			"Use a profile of mode AK, StsToken, RamRoleArn or ChainableRamRoleArn, or "+nextKey)
	}
	switch {
	case err != nil:
		return Key{}, nil, err
	case key.ID == "" || key.Secret == "" || strings.EqualFold(p.Mode, "StsToken") && key.Token == "":
		return Key{}, nil, badProfile("profile "+plainName(wanted)+" lacks a part of its key", "Run aliyun configure for this profile")
	}
	return key, roles, p.check()
}

// named is the one profile of that name.
func (f cliFile) named(wanted string) (cliProfile, error) {
	var found []cliProfile
	for _, p := range f.Profiles {
		if p.Name == wanted {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return cliProfile{}, badProfile(profileFile+" has no profile "+plainName(wanted), f.suggest(wanted))
	case 1:
		return found[0], nil
	}
	return cliProfile{}, badProfile(profileFile+" has several profiles "+plainName(wanted), "Keep one of them")
}

// check judges the profile's values as those of variables are judged.
func (p cliProfile) check() error {
	of := " of profile " + plainName(p.Name)
	for _, v := range []struct{ field, value string }{
		{"access_key_id", p.ID}, {"access_key_secret", p.Secret}, {"sts_token", p.Token}, {"ram_role_arn", p.RoleARN}, {"external_id", p.ExternalID},
	} {
		if m := checkShape(v.value, word); m != nil {
			return badProfile(v.field+of+": "+m.Problem, m.Next)
		}
	}
	if strings.HasPrefix(p.Secret, "LTAI") {
		return badProfile("access_key_secret"+of+": holds the id of an access key", "Run aliyun configure for this profile")
	}
	if !strings.HasSuffix(strings.ToLower(p.Mode), "ramrolearn") {
		return nil
	}
	wrong := errors.Join(poller.At("ram_role_arn", aliyun.CheckRoleARN(p.RoleARN)), poller.At("external_id", aliyun.CheckExternalID(p.ExternalID)))
	for _, m := range poller.Mistakes(wrong) {
		return badProfile(m.Setting+of+": "+m.Problem, m.Next) // one at a time, as all of a profile
	}
	return nil
}

func (p cliProfile) role(stsEndpoint string) aliyun.Role {
	if stsEndpoint == "" && p.STSRegion != "" && strings.Trim(p.STSRegion, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" {
		stsEndpoint = "https://sts." + p.STSRegion + ".aliyuncs.com"
	}
	return aliyun.Role{ARN: p.RoleARN, ExternalID: p.ExternalID, Setting: "ram_role_arn of profile " + plainName(p.Name), Endpoint: stsEndpoint}
}

// suggest names profiles, of those whose names can be shown.
func (f cliFile) suggest(wanted string) string {
	var names []string
	for _, p := range f.Profiles {
		if plainName(p.Name) == p.Name && !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	if len(names) == 0 {
		return "Run aliyun configure, or " + nextKey
	}
	return watch.Suggest(wanted, names)
}

// plainName lets a name of the file into our texts, in any language, and nothing that may
// be a key in the wrong place. One of several words is quoted.
func plainName(name string) string {
	const longest = 64 // characters
	inName := func(c rune) bool {
		return unicode.In(c, unicode.L, unicode.M, unicode.N) || strings.ContainsRune("-_. ", c)
	}
	quoted := poller.Quote(name)
	switch {
	case name == "", utf8.RuneCountInString(name) > longest, !strings.HasPrefix(quoted, `"`),
		strings.ContainsFunc(name, func(c rune) bool { return !inName(c) }):
		return "(not shown)"
	case strings.Contains(name, " "):
		return quoted
	}
	return name
}

func badProfile(problem, next string) error { return &poller.Mistake{Problem: problem, Next: next} }
