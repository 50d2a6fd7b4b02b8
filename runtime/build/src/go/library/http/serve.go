//go:build wasip1

package http

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"unsafe"
)

// For programs that serve HTTP by themselves: what the host calls for each request, by
// `wasi:http/incoming-handler`.

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.method
func lambentIncomingMethod(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.path-with-query
func lambentIncomingPath(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.authority
func lambentIncomingAuthority(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.headers
func lambentIncomingHeaders(request uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-request.consume
func lambentIncomingConsume(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-request
func lambentIncomingDrop(request uint32)

//go:wasmimport wasi:http/types@0.2.12 [constructor]outgoing-response
func lambentOutgoing(fields uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-response.set-status-code
func lambentOutgoingSetStatus(response, status uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-response.body
func lambentOutgoingBody(response uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]response-outparam.set
func lambentOutparamSet(outparam, failed, response, a uint32, b uint64, c, d, e, f uint32)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]response-outparam
func lambentOutparamDrop(outparam uint32)

// lambentMain is the program's main function.
//
//go:linkname lambentMain main.main
func lambentMain()

func init() { lambentPlace = (*struct{ top, readers uint32 })(unsafe.Pointer(&lambentArena)) }

// lambentServing is the first server of the program that serves.
var lambentServing = make(chan *Server, 1)

// lambentServer is the one that gets all requests.
var lambentServer *Server

// lambentServe offers a server; only the first counts.
func lambentServe(server *Server) {
	select {
	case lambentServing <- server:
	default:
	}
}

// lambentBegin runs the program up to where it serves, once.
func lambentBegin() {
	if lambentServer != nil {
		return
	}
	lambentOpen()
	go func() {
		lambentMain()
		fmt.Fprintln(os.Stderr, "main has returned, and serves no HTTP")
		os.Exit(1)
	}()
	lambentServer = <-lambentServing
}

// lambentInitialized is a `result<_, failure>` without a failure.
var lambentInitialized [12]uint32

//go:wasmexport lambent:init
func lambentInit() unsafe.Pointer {
	lambentBegin()
	return unsafe.Pointer(&lambentInitialized)
}

//go:wasmexport lambent:serve
func lambentIncoming(request, outparam uint32) {
	lambentBegin()
	ctx, cancel := context.WithCancel(context.Background())
	writer := &lambentResponse{ctx: ctx, outparam: outparam, header: Header{}}
	req, err := lambentIncomingOf(ctx, request)
	if err != nil {
		Error(writer, err.Error(), StatusBadRequest)
	} else {
		writer.isHead = req.Method == "HEAD"
		writer.run(req)
		req.Body.Close()
	}
	writer.finish()
	cancel()
	lambentFree()
}

// lambentIncomingOf is what Go makes of a request of the host's, which it drops with its body.
func lambentIncomingOf(ctx context.Context, request uint32) (*Request, error) {
	text := func(read func(uint32, unsafe.Pointer)) string {
		lambentReading()
		defer lambentRead()
		read(request, lambentAnswer())
		if lambentCase(lambentResult[0]) == 0 {
			return ""
		}
		return string(lambentBytes(lambentResult[1], lambentResult[2]))
	}
	host := text(lambentIncomingAuthority)
	target := text(lambentIncomingPath)
	lambentReading()
	lambentIncomingMethod(request, lambentAnswer())
	method := "GET"
	if known := lambentCase(lambentResult[0]); int(known) < len(lambentMethods) {
		method = lambentMethods[known]
	} else {
		method = string(lambentBytes(lambentResult[1], lambentResult[2]))
	}
	lambentRead()
	header := lambentHeaderOf(lambentIncomingHeaders(request))
	if own := header.Get("Host"); own != "" {
		host = own
	}
	header.Del("Host")
	lambentIncomingConsume(request, lambentAnswer())
	body := lambentBodyOf(ctx, lambentResult[1], func() { lambentIncomingDrop(request) })
	address, err := url.ParseRequestURI(target)
	if err != nil {
		body.Close()
		return nil, err
	}
	length := int64(-1)
	if known, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64); err == nil {
		length = known
	} else if method == "GET" || method == "HEAD" {
		length = 0
	}
	req := &Request{
		Method: method, URL: address, RequestURI: target, Host: host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: body, ContentLength: length, RemoteAddr: "127.0.0.1:0",
	}
	return req.WithContext(context.WithValue(ctx, ServerContextKey, lambentServer)), nil
}

// lambentResponse writes a response as it comes.
type lambentResponse struct {
	ctx      context.Context
	outparam uint32
	isHead   bool
	header   Header
	// What WriteHeader was told, and the headers as they were then; 0 before.
	status int
	sent   Header
	// What was written before the head is sent: a short body has a length.
	pending []byte
	// The body and its stream, once the head is sent.
	begun        bool
	body, stream uint32
	// Whether the handler has given up in the middle.
	broken bool
}

// lambentPending is the most that is kept before the head is sent, as in Go's own server.
const lambentPending = 2048

// run has the program's handler answer.
func (w *lambentResponse) run(req *Request) {
	defer func() {
		panicked := recover()
		if panicked == nil {
			return
		}
		if panicked != ErrAbortHandler {
			log.Printf("http: panic serving %v: %v\n%s", req.URL.Path, panicked, debug.Stack())
		}
		if w.begun {
			w.broken = true
			return
		}
		w.status, w.pending, w.header = 0, nil, Header{}
		w.WriteHeader(StatusInternalServerError)
	}()
	serverHandler{lambentServer}.ServeHTTP(w, req)
}

func (w *lambentResponse) Header() Header { return w.header }

// WriteHeader says what the head will be.
func (w *lambentResponse) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *lambentResponse) Write(data []byte) (int, error) {
	w.WriteHeader(StatusOK)
	if !bodyAllowedForStatus(w.status) {
		return 0, ErrBodyNotAllowed
	}
	if !w.begun && len(w.pending)+len(data) <= lambentPending {
		w.pending = append(w.pending, data...)
		return len(data), nil
	}
	if err := w.begin(data); err != nil || w.isHead {
		return len(data), err
	}
	return (&lambentWriter{w.ctx, w.stream}).Write(data)
}

// begin sends the head, and what was written before; next is what is written after that.
func (w *lambentResponse) begin(next []byte) error {
	if w.begun {
		return nil
	}
	w.begun = true
	if first := append(w.pending, next...); w.sent.Get("Content-Type") == "" && len(first) > 0 {
		w.sent.Set("Content-Type", DetectContentType(first))
	}
	fields := lambentFields()
	for name, values := range w.sent {
		for _, value := range values {
			at, length := lambentText(name)
			valueAt, valueLength := lambentText(value)
			lambentFieldsAppend(fields, at, length, valueAt, valueLength, lambentAnswer())
		}
	}
	response := lambentOutgoing(fields)
	lambentOutgoingSetStatus(response, uint32(w.status))
	lambentOutgoingBody(response, lambentAnswer())
	w.body = lambentResult[1]
	lambentOutgoingBodyWrite(w.body, lambentAnswer())
	w.stream = lambentResult[1]
	lambentOutparamSet(w.outparam, 0, response, 0, 0, 0, 0, 0, 0)
	if w.isHead {
		return nil
	}
	_, err := (&lambentWriter{w.ctx, w.stream}).Write(w.pending)
	return err
}

// WriteString is Write without a copy, as of an io.StringWriter.
func (w *lambentResponse) WriteString(text string) (int, error) {
	return w.Write(unsafe.Slice(unsafe.StringData(text), len(text)))
}

// Flush sends what was written.
func (w *lambentResponse) Flush() {
	w.WriteHeader(StatusOK)
	_ = w.begin(nil)
}

// finish ends the response.
func (w *lambentResponse) finish() {
	w.WriteHeader(StatusOK)
	if !w.begun && !w.isHead && bodyAllowedForStatus(w.status) && w.sent.Get("Content-Length") == "" {
		w.sent.Set("Content-Length", strconv.Itoa(len(w.pending)))
	}
	_ = w.begin(nil)
	lambentOutputDrop(w.stream)
	if w.broken {
		lambentOutgoingBodyDrop(w.body)
		return
	}
	lambentReading()
	defer lambentRead()
	lambentOutgoingBodyFinish(w.body, 0, 0, lambentAnswer())
}

var _ io.StringWriter = (*lambentResponse)(nil)
