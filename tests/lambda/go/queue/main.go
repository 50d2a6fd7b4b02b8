// Takes payments from a queue; those that fail come again by themselves.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

type payment struct {
	ID    string `json:"id"`
	Cents int    `json:"cents"`
}

var errNoAmount = errors.New("a payment has an amount")

func take(body string) error {
	var p payment
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return fmt.Errorf("reading a payment: %w", err)
	}
	if p.Cents <= 0 {
		return fmt.Errorf("payment %s: %w", p.ID, errNoAmount)
	}
	log.Printf("took %d of payment %s", p.Cents, p.ID)
	return nil
}

func handler(_ context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
	var response events.SQSEventResponse
	for _, message := range event.Records {
		if err := take(message.Body); err != nil {
			log.Printf("message %s: %v", message.MessageId, err)
			failure := events.SQSBatchItemFailure{ItemIdentifier: message.MessageId}
			response.BatchItemFailures = append(response.BatchItemFailures, failure)
		}
	}
	return response, nil
}

func main() {
	lambda.Start(handler)
}
