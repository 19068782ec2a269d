package checkpoint_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"refreshwatch/poller/checkpoint"
	"refreshwatch/poller/checkpoint/checkpointtest"
)

// outcome of a swap whose put was disturbed.
type outcome int

const (
	won     outcome = iota // no error
	lost                   // ErrConflict
	unknown                // any other error
)

func (o outcome) String() string { return [...]string{"won", "lost", "unknown"}[o] }

func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return won
	case errors.Is(err, checkpoint.ErrConflict):
		return lost
	}
	return unknown
}

// TestOSSFaultsOfSwap: what the put of a generation can meet, what Swap says, what
// is stored; and that reading back shows who won, whatever Swap said.
func TestOSSFaultsOfSwap(t *testing.T) {
	type fault = checkpointtest.OSSFault
	for _, test := range []struct {
		name   string
		fault  fault
		cancel bool // the caller's time ends while the answer is missing
		want   outcome
		stored bool
	}{
		{name: "nothing", want: won, stored: true},
		{name: "dropped before", fault: fault{Drop: true}, want: unknown},
		{name: "dropped after", fault: fault{Drop: true, Apply: true}, want: unknown, stored: true},
		{name: "503 before", fault: fault{Status: 503, Code: "ServiceUnavailable"}, want: unknown},
		{name: "503 after", fault: fault{Status: 503, Code: "ServiceUnavailable", Apply: true}, want: unknown, stored: true},
		{name: "500 after", fault: fault{Status: 500, Code: "InternalError", Apply: true}, want: unknown, stored: true},
		{name: "throttled", fault: fault{Status: 503, Code: "QpsLimitExceeded"}, want: unknown},
		{name: "too many requests", fault: fault{Status: 429, Code: "TooManyRequests"}, want: unknown},
		{name: "unauthorized", fault: fault{Status: 401, Code: "Unauthorized"}, want: unknown},
		{name: "redirected", fault: fault{Status: 307, Code: "TemporaryRedirect"}, want: unknown},
		{name: "another conflict", fault: fault{Status: 409, Code: "FileImmutable"}, want: unknown},
		{name: "clock refused", fault: fault{Status: 403, Code: "RequestTimeTooSkewed"}, want: unknown},
		{name: "hangs before", fault: fault{Hang: true}, cancel: true, want: unknown},
		{name: "hangs after", fault: fault{Hang: true, Apply: true}, cancel: true, want: unknown, stored: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
				store := openOSS(t, server)
				old, err := store.Swap(t.Context(), load(t, store), []byte("old"))
				must(t, err)

				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var puts atomic.Int32
				server.SetHook(func(r checkpointtest.OSSRequest) fault {
					if r.Op != "PutObject" || !strings.HasSuffix(r.Key, "2") {
						return fault{}
					}
					puts.Add(1)
					f := test.fault
					if test.cancel {
						f.Then = cancel
					}
					return f
				})
				_, err = store.Swap(ctx, old, []byte("new"))
				if got := outcomeOf(err); got != test.want {
					t.Errorf("Swap: %v (%v), want %v", got, err, test.want)
				}
				if test.cancel && !errors.Is(err, context.Canceled) {
					t.Errorf("Swap: %v, want context.Canceled in it", err)
				}
				if puts.Load() != 1 {
					t.Errorf("put %d times: a second one is refused by the first", puts.Load())
				}
				server.SetHook(nil)
				head, want := load(t, openOSS(t, server)), "old"
				if test.stored {
					want = "new"
				}
				if string(head.Data) != want {
					t.Errorf("read back %q, want %q", head.Data, want)
				}
			})
		})
	}
}

// TestOSSFaultsOfLoad: each request of a load is disturbed once, and for good. Once
// is repaired by trying again; for good is an error, and never an empty store.
func TestOSSFaultsOfLoad(t *testing.T) {
	type fault = checkpointtest.OSSFault
	requests := map[string]func(checkpointtest.OSSRequest) bool{
		"latest": func(r checkpointtest.OSSRequest) bool { return strings.HasSuffix(r.Key, "/latest") },
		"list":   func(r checkpointtest.OSSRequest) bool { return r.Op == "ListObjects" },
		"head":   func(r checkpointtest.OSSRequest) bool { return strings.HasSuffix(r.Key, "01") },
		"next":   func(r checkpointtest.OSSRequest) bool { return strings.HasSuffix(r.Key, "02") },
	}
	for _, test := range []struct {
		name    string
		fault   fault
		repairs bool
	}{
		{"dropped", fault{Drop: true}, true},
		{"503", fault{Status: 503, Code: "ServiceUnavailable"}, true},
		{"throttled", fault{Status: 503, Code: "QpsLimitExceeded"}, true},
		{"denied", fault{Status: 403, Code: "AccessDenied", EC: "0003-00000001"}, false},
		{"no such bucket", fault{Status: 404, Code: "NoSuchBucket", EC: "0015-00000101"}, false},
		{"not found, but no word of a key", fault{Status: 404, Code: ""}, false},
		{"redirected", fault{Status: 301, Code: "PermanentRedirect"}, false},
	} {
		for name, isIt := range requests {
			t.Run(name+" "+test.name, func(t *testing.T) {
				inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
					_, err := openOSS(t, server).Swap(t.Context(), checkpoint.Doc{}, []byte("text"))
					must(t, err)
					for _, times := range []int{1, 1000} {
						var left atomic.Int32
						left.Store(int32(times))
						server.SetHook(func(r checkpointtest.OSSRequest) fault {
							if !isIt(r) || left.Load() == 0 {
								return fault{}
							}
							left.Add(-1)
							return test.fault
						})
						d, err := openOSS(t, server).Load(t.Context())
						switch repaired := times == 1 && test.repairs; {
						case repaired && (err != nil || string(d.Data) != "text"):
							t.Errorf("once: Load = %q, %v", d.Data, err)
						case !repaired && err == nil:
							t.Errorf("%d times: Load = generation %d, want an error", times, d.Generation)
						}
					}
				})
			})
		}
	}
}

// TestOSSCutAnswers: half a document is not a document.
func TestOSSCutAnswers(t *testing.T) {
	inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
		store := openOSS(t, server)
		_, err := store.Swap(t.Context(), load(t, store), []byte(strings.Repeat("text", 1000)))
		must(t, err)
		for _, op := range []string{"GetObject", "ListObjects"} {
			server.SetHook(func(r checkpointtest.OSSRequest) checkpointtest.OSSFault {
				return checkpointtest.OSSFault{Cut: r.Op == op}
			})
			if d, err := store.Load(t.Context()); err == nil {
				t.Errorf("%s cut: Load = generation %d of %d bytes", op, d.Generation, len(d.Data))
			}
		}
	})
}

// TestOSSHangEnds: a server that says nothing is given up, without a deadline of
// the caller's.
func TestOSSHangEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
		server.SetHook(func(checkpointtest.OSSRequest) checkpointtest.OSSFault {
			return checkpointtest.OSSFault{Hang: true}
		})
		start := time.Now()
		if d, err := openOSS(t, server).Load(t.Context()); err == nil {
			t.Errorf("Load = generation %d", d.Generation)
		}
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestOSSStallEnds: neither is one that stops in the middle of a document.
func TestOSSStallEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
		store := openOSS(t, server)
		_, err := store.Swap(t.Context(), load(t, store), []byte("text"))
		must(t, err)
		server.SetHook(func(r checkpointtest.OSSRequest) checkpointtest.OSSFault {
			return checkpointtest.OSSFault{Cut: true, Hang: true}
		})
		start := time.Now()
		if d, err := store.Load(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Load = generation %d, %v", d.Generation, err)
		}
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestOSSDeadlineInAPause: the caller's deadline is in the error, even when it ends
// the pause before the second attempt.
func TestOSSDeadlineInAPause(t *testing.T) {
	inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
		server.SetHook(func(checkpointtest.OSSRequest) checkpointtest.OSSFault {
			return checkpointtest.OSSFault{Status: 503, Code: "ServiceUnavailable"}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
		defer cancel()
		_, err := openOSS(t, server).Load(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "503 ServiceUnavailable") {
			t.Errorf("Load: %v", err)
		}
	})
}

// flipping damages what goes over a connection, in either direction.
type flipping struct{ net.Conn }

func (c flipping) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	copy(p, bytes.ReplaceAll(p[:n], []byte("stored text"), []byte("stared text")))
	return n, err
}

func (c flipping) Write(p []byte) (int, error) {
	return c.Conn.Write(bytes.ReplaceAll(p, []byte("new text"), []byte("now text")))
}

// TestOSSDamageOnTheWay: a damaged document is neither stored nor returned.
func TestOSSDamageOnTheWay(t *testing.T) {
	inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
		good := openOSS(t, server)
		d, err := good.Swap(t.Context(), load(t, good), []byte("stored text"))
		must(t, err)
		bad, err := checkpoint.Open(server.Checkpoint("refresh/watch"), checkpoint.Options{
			Credentials: server.Credentials,
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := server.Dial(ctx, network, address)
				return flipping{conn}, err
			},
		})
		must(t, err)
		if d, err := bad.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged on its way") {
			t.Errorf("Load = %q, %v", d.Data, err)
		}
		if _, err := bad.Swap(t.Context(), d, []byte("new text")); err == nil || !strings.Contains(err.Error(), "InvalidDigest") {
			t.Errorf("Swap: %v", err)
		}
		if d := load(t, good); d.Generation != 1 {
			t.Errorf("generation %d, %q was stored", d.Generation, d.Data)
		}
	})
}

// TestOSSRedirectIsNotFollowed: a signed request does not travel.
func TestOSSRedirectIsNotFollowed(t *testing.T) {
	server, elsewhere := startOSS(t), startOSS(t)
	server.SetHook(func(r checkpointtest.OSSRequest) checkpointtest.OSSFault {
		return checkpointtest.OSSFault{Status: 302, Code: "Found", Endpoint: elsewhere.URL() + "/test-bucket/" + r.Key}
	})
	store := openOSS(t, server)
	_, loadErr := store.Load(t.Context())
	_, swapErr := store.Swap(t.Context(), checkpoint.Doc{}, []byte("x"))
	for _, err := range []error{loadErr, swapErr} {
		if err == nil || !strings.Contains(err.Error(), "302 Found") {
			t.Errorf("%v", err)
		}
	}
	if n := len(elsewhere.Requests()); n > 0 {
		t.Errorf("%d requests followed", n)
	}
}

// TestOSSClockIsTheServers: Doc.Now is OSS's Date, and a clock that is wrong by more
// than OSS accepts is corrected on the way.
func TestOSSClockIsTheServers(t *testing.T) {
	inBubble(t, func(t *testing.T, server *checkpointtest.OSS) {
		server.SetClock(40 * time.Minute)
		store := openOSS(t, server)
		ahead := func(d checkpoint.Doc) {
			t.Helper()
			if off := time.Until(d.Now); off < 39*time.Minute || off > 41*time.Minute {
				t.Errorf("Now is %v ahead, want 40m", off)
			}
		}
		d := load(t, store)
		ahead(d)
		d, err := store.Swap(t.Context(), d, []byte("x"))
		must(t, err)
		ahead(d)
		ahead(load(t, store))
	})
}

func load(t *testing.T, s checkpoint.Store) checkpoint.Doc {
	t.Helper()
	d, err := s.Load(t.Context())
	must(t, err)
	return d
}
