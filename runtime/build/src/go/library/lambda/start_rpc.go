package lambda

import (
	"bytes"
	"context"
	"io"
)

// For versions of the library that took their events by net/rpc alone, in place of entry.go.

// Start has a handler called for each event.
func Start(handler interface{}) { StartHandler(NewHandler(handler)) }

// StartHandler has a handler called for each event.
func StartHandler(handler Handler) { _ = lambentServe(nil, handler) }

func lambentCall(ctx context.Context, payload []byte) (io.Reader, error) {
	answer, err := lambentHandler.Invoke(ctx, payload)
	return bytes.NewReader(answer), err
}
