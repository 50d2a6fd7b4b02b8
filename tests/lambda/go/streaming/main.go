// Streams a page of HTML.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func handler(_ context.Context, request *events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error) {
	reader, writer := io.Pipe()
	go func() {
		_, _ = io.WriteString(writer, "<ul>")
		for item := range 3 {
			time.Sleep(2 * time.Millisecond)
			_, _ = fmt.Fprintf(writer, "<li>%d</li>", item)
		}
		if request.RawPath == "/broken" {
			_ = writer.CloseWithError(errors.New("the source has ended early"))
			return
		}
		_, _ = io.WriteString(writer, "</ul>")
		_ = writer.Close()
	}()
	return &events.LambdaFunctionURLStreamingResponse{
		StatusCode: http.StatusAccepted,
		Headers:    map[string]string{"Content-Type": "text/html", "X-Path": request.RawPath},
		Cookies:    []string{"seen=yes"},
		Body:       reader,
	}, nil
}

func main() {
	lambda.Start(handler)
}
