//go:build wasip1

package http

import (
	"compress/gzip"
	"context"
	"io"
	"strconv"
	"strings"
	"unsafe"
)

// lambentResponseOf is what Go makes of the host's response.
func lambentResponseOf(req *Request, response uint32, unpacks bool) (*Response, error) {
	code := int(lambentResponseStatus(response))
	answer := &Response{
		Status:     strings.TrimSpace(strconv.Itoa(code) + " " + StatusText(code)),
		StatusCode: code,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        lambentHeaderOf(lambentResponseHeaders(response)),
		Body:          NoBody,
		ContentLength: -1,
		Request:       req,
	}
	if length, err := strconv.ParseInt(answer.Header.Get("Content-Length"), 10, 64); err == nil && length >= 0 {
		answer.ContentLength = length
	}
	if req.Method == "HEAD" || code == 204 || code == 304 {
		lambentResponseDrop(response)
		return answer, nil
	}
	lambentResponseConsume(response, lambentAnswer())
	answer.Body = lambentBodyOf(req.Context(), lambentResult[1], func() { lambentResponseDrop(response) })
	if unpacks && strings.EqualFold(answer.Header.Get("Content-Encoding"), "gzip") {
		answer.Body = &lambentUnpacked{packed: answer.Body}
		answer.Header.Del("Content-Encoding")
		answer.Header.Del("Content-Length")
		answer.ContentLength, answer.Uncompressed = -1, true
	}
	return answer, nil
}

// lambentHeaderOf reads fields, which it drops.
func lambentHeaderOf(fields uint32) Header {
	defer lambentFieldsDrop(fields)
	lambentReading()
	defer lambentRead()
	lambentFieldsEntries(fields, lambentAnswer())
	at, count := lambentResult[0], lambentResult[1]
	header := make(Header, count)
	if count > 0 {
		for _, entry := range unsafe.Slice((*[4]uint32)(unsafe.Pointer(uintptr(at))), int(count)) {
			header.Add(string(lambentBytes(entry[0], entry[1])), string(lambentBytes(entry[2], entry[3])))
		}
	}
	return header
}

// lambentBody is the body of a request or a response as it comes.
type lambentBody struct {
	ctx          context.Context
	cancel       context.CancelCauseFunc
	body, stream uint32
	// Drops what the body is of.
	dropOwner func()
	// Whether somebody reads, who then drops what is the host's if it was closed in the meantime.
	reading, closed bool
	ended           error
}

// lambentBodyOf reads a body that was consumed.
func lambentBodyOf(ctx context.Context, body uint32, dropOwner func()) *lambentBody {
	ctx, cancel := context.WithCancelCause(ctx)
	lambentIncomingBodyStream(body, lambentAnswer())
	return &lambentBody{ctx: ctx, cancel: cancel, body: body, stream: lambentResult[1], dropOwner: dropOwner}
}

// The most that is read at a time: the host puts it into the arena.
const lambentPart = 32 << 10

func (b *lambentBody) Read(into []byte) (int, error) {
	if b.closed {
		return 0, errReadOnClosedResBody
	}
	if b.ended != nil || len(into) == 0 {
		return 0, b.ended
	}
	b.reading = true
	defer func() {
		b.reading = false
		b.drop()
	}()
	for {
		if err := context.Cause(b.ctx); err != nil {
			return 0, err
		}
		if read := b.readSome(into); read > 0 || b.ended != nil {
			return read, b.ended
		}
		if err := lambentWait(b.ctx, lambentInputSubscribe(b.stream)); err != nil {
			return 0, err
		}
	}
}

// readSome reads what is there.
func (b *lambentBody) readSome(into []byte) int {
	lambentReading()
	defer lambentRead()
	lambentStreamRead(b.stream, uint64(min(len(into), lambentPart)), lambentAnswer())
	if lambentCase(lambentResult[0]) != 0 {
		b.ended = lambentStreamError(lambentResult[1], lambentResult[2])
		return 0
	}
	return copy(into, lambentBytes(lambentResult[1], lambentResult[2]))
}

func (b *lambentBody) Close() error {
	if !b.closed {
		b.closed = true
		b.cancel(errReadOnClosedResBody)
		b.drop()
	}
	return nil
}

// drop drops what is the host's, if it is closed and nobody reads.
func (b *lambentBody) drop() {
	if !b.closed || b.reading {
		return
	}
	lambentInputDrop(b.stream)
	lambentIncomingBodyDrop(b.body)
	b.dropOwner()
}

// lambentUnpacked unpacks a body of which only this transport knows that it is packed.
type lambentUnpacked struct {
	packed io.ReadCloser
	reader *gzip.Reader
	failed error
}

func (u *lambentUnpacked) Read(into []byte) (int, error) {
	if u.reader == nil && u.failed == nil {
		u.reader, u.failed = gzip.NewReader(u.packed)
	}
	if u.failed != nil {
		return 0, u.failed
	}
	return u.reader.Read(into)
}

func (u *lambentUnpacked) Close() error { return u.packed.Close() }
