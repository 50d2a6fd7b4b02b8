package lambda

import (
	"context"
	"io"
)

// For versions of the library whose handlers return readers.

const contentTypeJSON = "application/json"

func enableSIGTERM([]func()) {}

func startRuntimeAPILoop(_ string, handler Handler) error {
	return lambentServe(handler.(*handlerOptions).baseContext, handler)
}

func lambentCall(ctx context.Context, payload []byte) (io.Reader, error) {
	return lambentHandler.(*handlerOptions).handlerFunc(ctx, payload)
}
