package fctest

import (
	"errors"
	"path/filepath"
	"testing"
)

// A process that needs more than its cgroup allows is killed by the kernel, and one that
// needs less lives and is measured. The echo program needs a few MB.
func TestConfine(t *testing.T) {
	echo := Build(t, filepath.Join("testdata", "echo"))
	for _, tt := range []struct {
		limit int64
		alive bool
	}{{64 << 20, true}, {256 << 10, false}} {
		in := Start(t, echo, nil, Options{})
		in.FirstNext()
		kind, peak, err := in.Confine(tt.limit)
		if err != nil {
			t.Skip("no memory cgroup can be made here:", err)
		}
		_, err = in.Invoke(t.Context(), make([]byte, 8<<20))
		if errors.Is(err, ErrExited) == tt.alive {
			t.Errorf("%d bytes, cgroup %s: %v", tt.limit, kind, err)
		}
		if used, err := peak(); err != nil || used <= 0 || used > tt.limit {
			t.Errorf("%d bytes: peak %d, %v", tt.limit, used, err)
		}
	}
}
