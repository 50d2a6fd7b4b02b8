// Takes JSON and answers JSON.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
)

type request struct {
	Name string `json:"name"`
}

type response struct {
	Message string `json:"message"`
}

func greet(_ context.Context, event request) (response, error) {
	if event.Name == "" {
		event.Name = "world"
	}
	log.Println("greeting", event.Name)
	return response{Message: fmt.Sprintf("Hello, %s!", event.Name)}, nil
}

func main() {
	lambda.Start(greet)
}
