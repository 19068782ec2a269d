package apitest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"
)

func (s *Server) serve(r *http.Request) reply {
	return s.reply(s.answer(func(now time.Time) (Request, *refusal) {
		refused := s.authenticate(r, now)
		q, wrong := read(r.Form)
		if refused == nil {
			q.As, refused = s.keys[r.Form.Get("AccessKeyId")].role, wrong
		}
		return q, refused
	}))
}

// ServeHTTP answers a signed request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.wait(r.Context(), s.options.Latency) != nil {
		panic(http.ErrAbortHandler)
	}
	answer := s.serve(r)
	switch {
	case answer.hang:
		select {
		case <-r.Context().Done():
		case <-s.stopped:
		}
		panic(http.ErrAbortHandler)
	case answer.reset:
		reset(w)
		return
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	if answer.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)+answer.cut))
	}
	w.WriteHeader(answer.status)
	if answer.drip == 0 {
		_, _ = w.Write(answer.body) // the client may have gone
	}
	for i := range answer.body {
		if answer.drip == 0 || s.wait(r.Context(), answer.drip) != nil {
			break
		}
		_, _ = w.Write(answer.body[i : i+1])
		_ = http.NewResponseController(w).Flush()
	}
	if answer.cut > 0 {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection in the middle of the body
	}
}

// reset drops the connection with RST instead of closing it.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// RoundTrip answers as the server would over a socket.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := s.wait(ctx, s.options.Latency); err != nil {
		return nil, err
	}
	answer := s.serve(r.Clone(ctx))
	switch {
	case answer.hang:
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.stopped:
			return nil, io.EOF
		}
	case answer.reset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	var body io.Reader = bytes.NewReader(answer.body)
	if answer.drip > 0 {
		body = &dripping{body: body, wait: func() error { return s.wait(ctx, answer.drip) }}
	}
	if answer.cut > 0 {
		body = io.MultiReader(body, broken{})
	}
	return &http.Response{
		Status: strconv.Itoa(answer.status) + " " + http.StatusText(answer.status), StatusCode: answer.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: answer.header,
		Body: io.NopCloser(body), ContentLength: int64(len(answer.body) + answer.cut), Request: r,
	}, nil
}

// dripping reads one byte at a time, after a wait.
type dripping struct {
	body io.Reader
	wait func() error
}

func (d *dripping) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := d.wait(); err != nil {
		return 0, err
	}
	return d.body.Read(p[:1])
}

// broken is a connection that closed before the promised end.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
