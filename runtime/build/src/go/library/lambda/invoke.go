//go:build go1.24

package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// lambentMain is the program's main function.
//
//go:linkname lambentMain main.main
func lambentMain()

// lambentStarted tells that a handler was given to Start, or that none was.
var lambentStarted chan *lambentFailure

// lambentFirst is what came of the program's main function.
var lambentFirst *lambentFailure

// lambentBegin runs the program up to where it waits for events, once.
func lambentBegin() *lambentFailure {
	if lambentStarted != nil {
		return lambentFirst
	}
	lambentOpen()
	lambentStarted = make(chan *lambentFailure)
	go func() {
		defer func() {
			if panicked := recover(); panicked != nil {
				log.Printf("panic: %v\n\n%s", panicked, debug.Stack())
				lambentStarted <- lambentFailureOf(lambentPanic(panicked))
			}
		}()
		lambentMain()
		lambentStarted <- &lambentFailure{
			kind:    "Runtime.ExitError",
			message: "main has returned without a call of lambda.Start",
		}
	}()
	lambentFirst = <-lambentStarted
	return lambentFirst
}

// lambentServe has a handler called from now on; it does not return.
func lambentServe(base context.Context, handler Handler) error {
	if base == nil {
		base = context.Background()
	}
	lambentBase, lambentHandler = base, handler
	lambentStarted <- nil
	select {}
}

var (
	lambentBase    context.Context
	lambentHandler Handler
	// The trace id that the environment has.
	lambentTraced string
)

// lambentInvoke answers one event.
func lambentInvoke(from lambentContext, payload []byte) unsafe.Pointer {
	deadline := time.Unix(0, int64(lambentContextDeadline(uint32(from))))
	ctx, cancel := context.WithDeadline(lambentBase, deadline)
	defer cancel()
	known := lambdacontext.LambdaContext{
		AwsRequestID:       from.id(),
		InvokedFunctionArn: from.attribute("aws.invoked-function-arn"),
	}
	lambentTenant(&known, from.attribute("aws.tenant-id"))
	if client := from.attribute("aws.client-context"); client != "" {
		if err := json.Unmarshal([]byte(client), &known.ClientContext); err != nil {
			return lambentReport(from, lambentError(fmt.Errorf("failed to unmarshal client context json: %v", err)))
		}
	}
	if identity := from.attribute("aws.cognito-identity"); identity != "" {
		if err := json.Unmarshal([]byte(identity), &known.Identity); err != nil {
			return lambentReport(from, lambentError(fmt.Errorf("failed to unmarshal cognito identity json: %v", err)))
		}
	}
	ctx = lambdacontext.NewContext(ctx, &known)
	trace := lambentXRay(from.traceParent())
	if trace != lambentTraced {
		os.Setenv("_X_AMZN_TRACE_ID", trace)
		lambentTraced = trace
	}
	ctx = context.WithValue(ctx, "x-amzn-trace-id", trace)
	response, contentType, failed := lambentRun(ctx, payload)
	if failed != nil {
		return lambentReport(from, failed)
	}
	return lambentSucceeded(response, contentType)
}

// lambentRun calls the handler, whose panic is its error.
func lambentRun(ctx context.Context, payload []byte) (response []byte, contentType string, failed *messages.InvokeResponse_Error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			failed = lambentPanic(panicked)
		}
	}()
	reader, err := lambentCall(ctx, payload)
	if err != nil {
		return nil, "", lambentError(err)
	}
	if closer, ok := reader.(io.Closer); ok {
		defer closer.Close()
	}
	contentType = "application/octet-stream"
	if typed, ok := reader.(interface{ ContentType() string }); ok {
		contentType = typed.ContentType()
	}
	if reader == nil {
		return nil, contentType, nil
	}
	response, err = io.ReadAll(reader)
	if err != nil {
		return nil, "", lambentError(err)
	}
	return response, contentType, nil
}

func lambentError(err error) *messages.InvokeResponse_Error { return lambdaErrorResponse(err) }

func lambentPanic(value interface{}) *messages.InvokeResponse_Error {
	if own, ok := value.(messages.InvokeResponse_Error); ok {
		return &own
	}
	info := getPanicInfo(value)
	stack := info.StackTrace
	for len(stack) > 0 && strings.HasPrefix(stack[0].Label, "lambent") {
		stack = stack[1:]
	}
	return &messages.InvokeResponse_Error{
		Message:    info.Message,
		Type:       getErrorType(value),
		StackTrace: stack,
		ShouldExit: true,
	}
}

// lambentReport tells of an error, in the log as on Lambda; a panic ends the instance.
func lambentReport(from lambentContext, failed *messages.InvokeResponse_Error) unsafe.Pointer {
	if logged, err := json.Marshal(failed); err == nil {
		log.Printf("%s", logged)
	}
	failure := lambentFailureOf(failed)
	if failed.ShouldExit {
		log.Print("calling the handler function resulted in a panic, the process should exit")
		return from.end(failure)
	}
	return lambentFailed(failure)
}

func lambentFailureOf(failed *messages.InvokeResponse_Error) *lambentFailure {
	failure := &lambentFailure{kind: failed.Type, message: failed.Message}
	for _, frame := range failed.StackTrace {
		failure.trace = append(failure.trace, fmt.Sprintf("%s (%s:%d)", frame.Label, frame.Path, frame.Line))
	}
	return failure
}

// lambentXRay is X-Ray's form of a W3C traceparent.
func lambentXRay(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) < 4 || len(parts[1]) < 8 {
		return ""
	}
	flags, err := strconv.ParseUint(parts[3], 16, 8)
	if err != nil {
		return ""
	}
	time, unique := parts[1][:8], parts[1][8:]
	return fmt.Sprintf("Root=1-%s-%s;Parent=%s;Sampled=%d", time, unique, parts[2], flags&1)
}

func init() {
	// The library looks for it before it begins, and so do programs that also run elsewhere.
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		os.Setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
	}
}
