package lambda

import (
	"bytes"
	"context"
	"io"
)

// For versions of the library that have options, and handlers that return bytes.

func enableSIGTERM([]func()) {}

func startRuntimeAPILoop(_ string, handler Handler) error {
	return lambentServe(handler.(*handlerOptions).baseContext, handler)
}

func lambentCall(ctx context.Context, payload []byte) (io.Reader, error) {
	answer, err := lambentHandler.Invoke(ctx, payload)
	return bytes.NewReader(answer), err
}
