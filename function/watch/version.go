package watch

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"sync"
)

// version and commit are set by the linker where the build knows them better than the
// Go command (-X refreshwatch/function/watch.version=v1.2.3).
var version, commit string

// Version is what is running.
type Version struct {
	Version  string `json:"version"` // a release's tag, or "devel"
	Commit   string `json:"commit"`  // of the source, with "+dirty" when it was changed; "unknown" without git
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// ThisVersion is the version of this program.
func ThisVersion() Version { return thisVersion() }

var thisVersion = sync.OnceValue(func() Version {
	v := Version{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		v.fill(info)
	}
	v.Version, v.Commit = cmp.Or(v.Version, "devel"), cmp.Or(v.Commit, "unknown")
	return v
})

// fill takes from the Go command's own record what the linker was not given.
func (v *Version) fill(info *debug.BuildInfo) {
	if v.Version == "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	if v.Commit != "" {
		return
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	v.Commit = settings["vcs.revision"]
	if settings["vcs.modified"] == "true" {
		v.Commit += "+dirty"
	}
}

// UserAgent names this program to the API and to sinks.
func UserAgent() string { return "refreshwatch/" + ThisVersion().Version }
