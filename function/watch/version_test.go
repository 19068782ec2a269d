package watch

import (
	"runtime/debug"
	"testing"
)

func TestVersionOfABuild(t *testing.T) {
	git := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}
	changed := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	for _, c := range []struct {
		linker   Version
		main     string
		settings []debug.BuildSetting
		want     Version
	}{
		{main: "(devel)", want: Version{}},
		{main: "v1.2.3", settings: git, want: Version{Version: "v1.2.3", Commit: "abc"}},
		{main: "(devel)", settings: changed, want: Version{Commit: "abc+dirty"}},
		{linker: Version{Version: "v2", Commit: "def"}, main: "v1.2.3", settings: changed, want: Version{Version: "v2", Commit: "def"}},
		{linker: Version{Version: "v2"}, main: "(devel)", settings: git, want: Version{Version: "v2", Commit: "abc"}},
	} {
		got := c.linker
		got.fill(&debug.BuildInfo{Main: debug.Module{Version: c.main}, Settings: c.settings})
		if got != c.want {
			t.Errorf("linker %+v, module %s, %v: %+v, want %+v", c.linker, c.main, c.settings, got, c.want)
		}
	}
	if v := ThisVersion(); v.Version == "" || v.Commit == "" || v.Go == "" || v.Platform == "" {
		t.Errorf("%+v lacks something", v)
	}
}
