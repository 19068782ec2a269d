package checkpoint_test

import (
	"testing"
	"testing/synctest"

	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

func TestOSSConforms(t *testing.T) {
	checkpointtest.Run(t, func(t *testing.T) checkpointtest.Place {
		s := startOSS(t)
		return checkpointtest.Place{
			Open:  func() checkpoint.Store { return openOSS(t, s) },
			Set:   func(name string, data []byte) { s.SetObject("refresh/watch/"+name, data) },
			Names: func() []string { return s.Keys("refresh/watch/") },
			Age:   s.Age,
		}
	})
}

func startOSS(t *testing.T) *checkpointtest.OSS {
	t.Helper()
	s, err := checkpointtest.StartOSS()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// inBubble runs a test against a server without sockets, where no time is lost.
func inBubble(t *testing.T, test func(t *testing.T, s *checkpointtest.OSS)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := checkpointtest.PipeOSS()
		defer s.Close()
		test(t, s)
	})
}

func openOSS(t *testing.T, s *checkpointtest.OSS) checkpoint.Store {
	t.Helper()
	store, err := checkpoint.Open(s.Checkpoint("refresh/watch"), checkpoint.Options{Credentials: s.Credentials, Dial: s.Dial})
	if err != nil {
		t.Fatal(err)
	}
	return store
}
