//go:build wasip1

package http

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"unsafe"
)

// Where the host writes results: memory that is not moved. Nothing else runs between a call and the
// end of what is read of its result.
var lambentResult [16]uint32

func lambentAnswer() unsafe.Pointer { return unsafe.Pointer(&lambentResult) }

// lambentRoundTrip sends a request by the host, which makes the connection and its encryption. The
// transport's own ways to do so, and its proxies, are not used.
func (t *Transport) lambentRoundTrip(req *Request) (*Response, error) {
	if req.URL == nil || req.Header == nil || req.URL.Host == "" || lambentIsInside(req) {
		return t.roundTrip(req)
	}
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return t.roundTrip(req)
	}
	ctx := req.Context()
	if err := context.Cause(ctx); err != nil {
		req.closeBody()
		return nil, err
	}
	unpacks := !t.DisableCompression && req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == "" && req.Method != "HEAD"
	request, err := lambentRequestOf(req, unpacks)
	if err != nil {
		req.closeBody()
		return nil, err
	}
	future, sent, err := t.lambentSend(ctx, req, request)
	if err != nil {
		return nil, err
	}
	response, err := lambentResponseTo(ctx, future, sent)
	if err != nil {
		return nil, err
	}
	return lambentResponseOf(req, response, unpacks)
}

// lambentIsInside tells whether a server in this very program listens there, in its memory.
func lambentIsInside(req *Request) bool {
	host := req.URL.Hostname()
	if address := net.ParseIP(host); host != "localhost" && (address == nil || !address.IsLoopback()) {
		return false
	}
	connection, err := net.Dial("tcp", canonicalAddr(req.URL))
	if err != nil {
		return false
	}
	connection.Close()
	return true
}

// lambentMethods are the cases of `method` in their order.
var lambentMethods = [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// lambentRequestOf makes the host's request, without its body.
func lambentRequestOf(req *Request, unpacks bool) (uint32, error) {
	request := lambentRequest(lambentFieldsOf(req, unpacks))
	name := valueOrDefault(req.Method, "GET")
	method := uint32(len(lambentMethods))
	for index, known := range lambentMethods {
		if name == known {
			method = uint32(index)
		}
	}
	other, otherLength := lambentText(name)
	bad := lambentRequestSetMethod(request, method, other, otherLength)
	scheme := uint32(0)
	if req.URL.Scheme == "https" {
		scheme = 1
	}
	bad |= lambentRequestSetScheme(request, 1, scheme, nil, 0)
	authority, length := lambentText(req.URL.Host)
	bad |= lambentRequestSetAuthority(request, 1, authority, length)
	path, length := lambentText(req.URL.RequestURI())
	bad |= lambentRequestSetPath(request, 1, path, length)
	if bad != 0 {
		lambentRequestDrop(request)
		return 0, errors.New("net/http: the host takes no request like this: " + name + " " + req.URL.Redacted())
	}
	return request, nil
}

// lambentFieldsOf are the headers of a request. Those about the connection are the host's own.
func lambentFieldsOf(req *Request, unpacks bool) uint32 {
	fields := lambentFields()
	add := func(name, value string) {
		at, length := lambentText(name)
		valueAt, valueLength := lambentText(value)
		lambentFieldsAppend(fields, at, length, valueAt, valueLength, lambentAnswer())
	}
	if _, own := req.Header["User-Agent"]; !own {
		add("User-Agent", defaultUserAgent)
	}
	if unpacks {
		add("Accept-Encoding", "gzip")
	}
	length := req.outgoingLength()
	if length > 0 || length == 0 && (req.Method == "POST" || req.Method == "PUT" || req.Method == "PATCH") {
		add("Content-Length", strconv.FormatInt(length, 10))
	}
	for name, values := range req.Header {
		if name == "Content-Length" || name == "User-Agent" && (len(values) == 0 || values[0] == "") {
			continue
		}
		for _, value := range values {
			add(name, value)
		}
	}
	return fields
}

// lambentSend has the host send a request, and sends its body while the response is waited for; what
// comes of that is sent to the channel.
func (t *Transport) lambentSend(ctx context.Context, req *Request, request uint32) (uint32, <-chan error, error) {
	var body uint32
	hasBody := req.Body != nil && req.Body != NoBody
	if hasBody {
		lambentRequestBody(request, lambentAnswer())
		body = lambentResult[1]
	}
	some, options := uint32(0), uint32(0)
	if t.ResponseHeaderTimeout > 0 {
		some, options = 1, lambentOptions()
		lambentOptionsSetFirstByteTimeout(options, 1, uint64(t.ResponseHeaderTimeout))
	}
	lambentReading()
	lambentSend(request, some, options, lambentAnswer())
	failed, future := lambentCase(lambentResult[0]) != 0, lambentResult[2]
	var err error
	if failed {
		err = lambentErrorOf(lambentResult, 2)
	}
	lambentRead()
	if failed {
		if hasBody {
			lambentOutgoingBodyDrop(body)
		}
		req.closeBody()
		return 0, nil, err
	}
	sent := make(chan error, 1)
	if hasBody {
		go func() { sent <- lambentSendBody(ctx, req.Body, body) }()
	} else {
		req.closeBody()
	}
	return future, sent, nil
}

// lambentSendBody sends the body of a request.
func lambentSendBody(ctx context.Context, from io.ReadCloser, body uint32) error {
	defer from.Close()
	lambentOutgoingBodyWrite(body, lambentAnswer())
	stream := lambentResult[1]
	_, err := io.Copy(&lambentWriter{ctx, stream}, from)
	lambentOutputDrop(stream)
	if err != nil {
		// Without its end the host does not take it for the whole.
		lambentOutgoingBodyDrop(body)
		return err
	}
	lambentReading()
	defer lambentRead()
	lambentOutgoingBodyFinish(body, 0, 0, lambentAnswer())
	if lambentCase(lambentResult[0]) != 0 {
		return lambentErrorOf(lambentResult, 2)
	}
	return nil
}

// lambentWriter writes to a stream of the host's.
type lambentWriter struct {
	ctx    context.Context
	stream uint32
}

func (w *lambentWriter) Write(data []byte) (int, error) {
	written := 0
	for written < len(data) {
		lambentStreamCheckWrite(w.stream, lambentAnswer())
		if lambentCase(lambentResult[0]) != 0 {
			return written, lambentStreamError(lambentResult[2], lambentResult[3])
		}
		room := min(uint64(lambentResult[2])|uint64(lambentResult[3])<<32, uint64(len(data)-written))
		if room == 0 {
			if err := lambentWait(w.ctx, lambentOutputSubscribe(w.stream)); err != nil {
				return written, err
			}
			continue
		}
		part := data[written : written+int(room)]
		lambentStreamWrite(w.stream, unsafe.Pointer(unsafe.SliceData(part)), uint32(room), lambentAnswer())
		if lambentCase(lambentResult[0]) != 0 {
			return written, lambentStreamError(lambentResult[1], lambentResult[2])
		}
		written += int(room)
	}
	return written, nil
}

// lambentStreamError is what a stream ended with: the end, or an error.
func lambentStreamError(which, of uint32) error {
	if lambentCase(which) != 0 {
		return io.EOF
	}
	defer lambentErrorDrop(of)
	lambentReading()
	defer lambentRead()
	lambentErrorCode(of, lambentAnswer())
	if lambentCase(lambentResult[0]) == 0 {
		return io.ErrUnexpectedEOF
	}
	return lambentErrorOf(lambentResult, 2)
}

// lambentResponseTo waits for the response to what was sent.
func lambentResponseTo(ctx context.Context, future uint32, sent <-chan error) (uint32, error) {
	defer lambentFutureDrop(future)
	for {
		lambentReading()
		lambentFutureGet(future, lambentAnswer())
		some, twice, failed := lambentCase(lambentResult[0]), lambentCase(lambentResult[2]), lambentCase(lambentResult[4])
		response := lambentResult[6]
		var err error
		if some == 1 && twice == 0 && failed != 0 {
			err = lambentErrorOf(lambentResult, 6)
		}
		lambentRead()
		switch {
		case err != nil:
			// If the body ended with an error, that is why.
			select {
			case unsent := <-sent:
				if unsent != nil && unsent != io.EOF {
					err = unsent
				}
			default:
			}
			return 0, err
		case some == 1:
			return response, nil
		}
		if err := lambentWait(ctx, lambentFutureSubscribe(future)); err != nil {
			return 0, err
		}
	}
}
