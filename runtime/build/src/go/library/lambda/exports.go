//go:build go1.24

package lambda

import "unsafe"

// What the component exports and imports of `lambent:function` and `lambent:runtime`, by the
// Canonical ABI: addresses have 32 bits there, and 64 in Go.

// lambentList is a list or a string of the host's.
type lambentList struct{ at, length uint32 }

func (l lambentList) bytes() []byte {
	if l.length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(l.at))), int(l.length))
}

func (l lambentList) text() string { return string(l.bytes()) }

// lambentOption is an optional string of the host's.
type lambentOption struct {
	some  uint32
	value lambentList
}

// text is empty where there is none.
func (o lambentOption) text() string {
	// The case has one byte, and what is beside it says nothing.
	if o.some&0xff == 0 {
		return ""
	}
	return o.value.text()
}

// lambentArguments are those of `handle`.
type lambentArguments struct {
	id, source, kind  lambentList
	subject           lambentOption
	_                 uint32
	timeIsKnown, time uint64
	contentType       lambentOption
	schema            lambentOption
	extensions        lambentList
	attempt           uint32
	data              lambentList
	_                 uint32
	context           lambentContext
}

// lambentResult is a `result<output, failure>` or a `result<_, failure>`.
type lambentResult struct {
	// It is aligned like the time in a failure.
	_       [0]uint64
	failed  uint32
	_       uint32
	content [10]uint32
}

// lambentContext is the context of an invocation, which is borrowed.
type lambentContext uint32

//go:wasmimport lambent:function/types@0.1.0 [method]context.invocation-id
func lambentContextID(context uint32, result unsafe.Pointer)

//go:wasmimport lambent:function/types@0.1.0 [method]context.deadline
func lambentContextDeadline(context uint32) uint64

//go:wasmimport lambent:function/types@0.1.0 [method]context.trace-parent
func lambentContextTraceParent(context uint32, result unsafe.Pointer)

//go:wasmimport lambent:function/types@0.1.0 [method]context.attribute
func lambentContextAttribute(context uint32, name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport lambent:function/types@0.1.0 [method]context.abandon
func lambentContextAbandon(context, kind, kindLength, message, messageLength, trace, traceLength, retry uint32, after uint64)

//go:wasmimport lambent:function/types@0.1.0 [resource-drop]context
func lambentContextDrop(context uint32)

// The host writes to memory that is not moved and not collected.
var (
	lambentText   lambentList
	lambentMaybe  lambentOption
	lambentAnswer lambentResult
	// What the host reads after a call has returned.
	lambentKept []any
)

func (c lambentContext) id() string {
	lambentContextID(uint32(c), unsafe.Pointer(&lambentText))
	return lambentText.text()
}

func (c lambentContext) traceParent() string {
	lambentContextTraceParent(uint32(c), unsafe.Pointer(&lambentMaybe))
	return lambentMaybe.text()
}

func (c lambentContext) attribute(name string) string {
	lambentContextAttribute(uint32(c), unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)), unsafe.Pointer(&lambentMaybe))
	return lambentMaybe.text()
}

// lambentFailure is what the host is told of an error.
type lambentFailure struct {
	kind, message string
	trace         []string
}

// end ends the invocation and its instance with a failure: the answer that is none.
func (c lambentContext) end(failure *lambentFailure) unsafe.Pointer {
	words := failure.words()
	lambentContextAbandon(uint32(c), words[0], words[1], words[2], words[3], words[4], words[5], 0, 0)
	return nil
}

// words are the parts of a failure in their order.
func (f *lambentFailure) words() [6]uint32 {
	kind, kindLength := lambentOut([]byte(f.kind))
	message, messageLength := lambentOut([]byte(f.message))
	frames := make([]lambentList, 0, len(f.trace))
	for _, frame := range f.trace {
		at, length := lambentOut([]byte(frame))
		frames = append(frames, lambentList{at, length})
	}
	lambentKept = append(lambentKept, frames)
	trace := uint32(uintptr(unsafe.Pointer(unsafe.SliceData(frames))))
	return [6]uint32{kind, kindLength, message, messageLength, trace, uint32(len(frames))}
}

// lambentOut keeps what the host reads after the call has returned.
func lambentOut(data []byte) (uint32, uint32) {
	lambentKept = append(lambentKept, data)
	return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(data)))), uint32(len(data))
}

func lambentFailed(failure *lambentFailure) unsafe.Pointer {
	lambentAnswer = lambentResult{failed: 1}
	words := failure.words()
	copy(lambentAnswer.content[:], words[:])
	return unsafe.Pointer(&lambentAnswer)
}

func lambentSucceeded(data []byte, contentType string) unsafe.Pointer {
	lambentAnswer = lambentResult{}
	content := &lambentAnswer.content
	content[0] = 1
	content[1], content[2] = lambentOut([]byte(contentType))
	content[3], content[4] = lambentOut(data)
	return unsafe.Pointer(&lambentAnswer)
}

//go:wasmexport lambent:init
func lambentInit() unsafe.Pointer {
	if failure := lambentBegin(); failure != nil {
		return lambentFailed(failure)
	}
	lambentAnswer = lambentResult{}
	return unsafe.Pointer(&lambentAnswer)
}

//go:wasmexport lambent:handle
func lambentHandle(at unsafe.Pointer) unsafe.Pointer {
	arguments := (*lambentArguments)(at)
	context := arguments.context
	failure := lambentBegin()
	// The arguments in it are read until the call is over, as they are on Lambda.
	clear(lambentKept)
	lambentKept = lambentKept[:0]
	var answer unsafe.Pointer
	if failure != nil {
		answer = lambentFailed(failure)
	} else {
		answer = lambentInvoke(context, arguments.data.bytes())
	}
	lambentContextDrop(uint32(context))
	lambentFree()
	return answer
}
