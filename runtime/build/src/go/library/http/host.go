//go:build wasip1

package http

import (
	"fmt"
	"unsafe"
)

// What is imported of `wasi:http` and `wasi:io`, by the Canonical ABI: addresses have 32 bits there,
// and 64 in Go. A result is written to where the last argument says.

//go:wasmimport wasi:http/types@0.2.12 [constructor]fields
func lambentFields() uint32

//go:wasmimport wasi:http/types@0.2.12 [method]fields.append
func lambentFieldsAppend(fields uint32, name unsafe.Pointer, nameLength uint32, value unsafe.Pointer, valueLength uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]fields.entries
func lambentFieldsEntries(fields uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]fields
func lambentFieldsDrop(fields uint32)

//go:wasmimport wasi:http/types@0.2.12 [constructor]outgoing-request
func lambentRequest(fields uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-method
func lambentRequestSetMethod(request, method uint32, other unsafe.Pointer, otherLength uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-scheme
func lambentRequestSetScheme(request, some, scheme uint32, other unsafe.Pointer, otherLength uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-authority
func lambentRequestSetAuthority(request, some uint32, authority unsafe.Pointer, length uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.set-path-with-query
func lambentRequestSetPath(request, some uint32, path unsafe.Pointer, length uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-request.body
func lambentRequestBody(request uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]outgoing-request
func lambentRequestDrop(request uint32)

//go:wasmimport wasi:http/types@0.2.12 [method]outgoing-body.write
func lambentOutgoingBodyWrite(body uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [static]outgoing-body.finish
func lambentOutgoingBodyFinish(body, some, trailers uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]outgoing-body
func lambentOutgoingBodyDrop(body uint32)

//go:wasmimport wasi:http/types@0.2.12 [constructor]request-options
func lambentOptions() uint32

//go:wasmimport wasi:http/types@0.2.12 [method]request-options.set-first-byte-timeout
func lambentOptionsSetFirstByteTimeout(options, some uint32, nanoseconds uint64) uint32

//go:wasmimport wasi:http/outgoing-handler@0.2.12 handle
func lambentSend(request, some, options uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [method]future-incoming-response.subscribe
func lambentFutureSubscribe(future uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]future-incoming-response.get
func lambentFutureGet(future uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]future-incoming-response
func lambentFutureDrop(future uint32)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-response.status
func lambentResponseStatus(response uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-response.headers
func lambentResponseHeaders(response uint32) uint32

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-response.consume
func lambentResponseConsume(response uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-response
func lambentResponseDrop(response uint32)

//go:wasmimport wasi:http/types@0.2.12 [method]incoming-body.stream
func lambentIncomingBodyStream(body uint32, result unsafe.Pointer)

//go:wasmimport wasi:http/types@0.2.12 [resource-drop]incoming-body
func lambentIncomingBodyDrop(body uint32)

//go:wasmimport wasi:http/types@0.2.12 http-error-code
func lambentErrorCode(of uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/error@0.2.12 [resource-drop]error
func lambentErrorDrop(of uint32)

//go:wasmimport wasi:io/streams@0.2.12 [method]input-stream.read
func lambentStreamRead(stream uint32, most uint64, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]input-stream.subscribe
func lambentInputSubscribe(stream uint32) uint32

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]input-stream
func lambentInputDrop(stream uint32)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.check-write
func lambentStreamCheckWrite(stream uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.write
func lambentStreamWrite(stream uint32, data unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.subscribe
func lambentOutputSubscribe(stream uint32) uint32

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]output-stream
func lambentOutputDrop(stream uint32)

//go:wasmimport wasi:io/poll@0.2.12 poll
func lambentPoll(pollables unsafe.Pointer, count uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/poll@0.2.12 [resource-drop]pollable
func lambentPollableDrop(pollable uint32)

//go:wasmimport wasi:clocks/monotonic-clock@0.2.12 subscribe-duration
func lambentAfter(nanoseconds uint64) uint32

// lambentPlace is the arena, where the host puts what it hands over; none before it is known.
var lambentPlace *struct{ top, readers uint32 }

// lambentPlaceFree is where it is free as long as nobody reads there.
var lambentPlaceFree uint32

// lambentReading keeps what the host hands over, until lambentRead: others may read in between.
func lambentReading() {
	if lambentPlace == nil {
		return
	}
	if lambentPlace.readers == 0 {
		lambentPlaceFree = lambentPlace.top
	}
	lambentPlace.readers++
}

func lambentRead() {
	if lambentPlace == nil {
		return
	}
	lambentPlace.readers--
	if lambentPlace.readers == 0 {
		lambentPlace.top = lambentPlaceFree
	}
}

// lambentBytes are what the host has put somewhere.
func lambentBytes(at, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), int(length))
}

// lambentText is where a string is, and how long it is.
func lambentText(text string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))
}

// lambentCase is the case of a variant, of which the memory has one byte.
func lambentCase(word uint32) uint32 { return word & 0xff }

// lambentError is why there is no response, or not all of it.
type lambentError struct {
	code   uint32
	detail string
}

// The cases of `error-code` in their order.
var lambentErrorCodes = [...]string{
	"DNS-timeout", "DNS-error", "destination-not-found", "destination-unavailable",
	"destination-IP-prohibited", "destination-IP-unroutable", "connection-refused",
	"connection-terminated", "connection-timeout", "connection-read-timeout",
	"connection-write-timeout", "connection-limit-reached", "TLS-protocol-error",
	"TLS-certificate-error", "TLS-alert-received", "HTTP-request-denied",
	"HTTP-request-length-required", "HTTP-request-body-size", "HTTP-request-method-invalid",
	"HTTP-request-URI-invalid", "HTTP-request-URI-too-long", "HTTP-request-header-section-size",
	"HTTP-request-header-size", "HTTP-request-trailer-section-size", "HTTP-request-trailer-size",
	"HTTP-response-incomplete", "HTTP-response-header-section-size", "HTTP-response-header-size",
	"HTTP-response-body-size", "HTTP-response-trailer-section-size", "HTTP-response-trailer-size",
	"HTTP-response-transfer-coding", "HTTP-response-content-coding", "HTTP-response-timeout",
	"HTTP-upgrade-failed", "HTTP-protocol-error", "loop-detected", "configuration-error",
	"internal-error",
}

const lambentDenied, lambentInternal = 15, 38

// lambentErrorOf reads an `error-code` from the words of a result.
func lambentErrorOf(words [16]uint32, at int) error {
	failed := &lambentError{code: lambentCase(words[at])}
	if failed.code == lambentInternal && lambentCase(words[at+2]) == 1 {
		failed.detail = string(lambentBytes(words[at+3], words[at+4]))
	}
	return failed
}

func (e *lambentError) Error() string {
	name := "an error"
	if int(e.code) < len(lambentErrorCodes) {
		name = lambentErrorCodes[e.code]
	}
	switch {
	case e.code == lambentDenied:
		return name + ": the function has no grant for this host; its log names it"
	case e.detail != "":
		return fmt.Sprintf("%s: %s", name, e.detail)
	}
	return name
}

// Timeout tells whether it took too long, as of a net.Error.
func (e *lambentError) Timeout() bool {
	switch e.code {
	case 0, 8, 9, 10, 33:
		return true
	}
	return false
}

// Temporary tells whether trying again may help, as of a net.Error.
func (e *lambentError) Temporary() bool { return e.Timeout() || e.code == 6 || e.code == 7 }
