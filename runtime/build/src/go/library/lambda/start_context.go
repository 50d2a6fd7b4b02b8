package lambda

import (
	"bytes"
	"context"
	"io"
)

// For versions of the library before there were options.

func startRuntimeAPILoop(ctx context.Context, _ string, handler Handler) error {
	return lambentServe(ctx, handler)
}

func lambentCall(ctx context.Context, payload []byte) (io.Reader, error) {
	answer, err := lambentHandler.Invoke(ctx, payload)
	return bytes.NewReader(answer), err
}
