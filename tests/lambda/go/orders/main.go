// Prices an order.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type Line struct {
	SKU      string  `json:"sku"`
	Quantity int     `json:"quantity"`
	Price    float64 `json:"price"`
}

type Order struct {
	ID    string `json:"id"`
	Lines []Line `json:"lines"`
}

type Receipt struct {
	Order     string  `json:"order"`
	Total     float64 `json:"total"`
	RequestID string  `json:"requestId"`
	Function  string  `json:"function"`
	ARN       string  `json:"arn"`
	HasTime   bool    `json:"hasTime"`
}

func price(ctx context.Context, order Order) (*Receipt, error) {
	if len(order.Lines) == 0 {
		return nil, fmt.Errorf("order %q has no lines", order.ID)
	}
	known, _ := lambdacontext.FromContext(ctx)
	_, hasTime := ctx.Deadline()
	receipt := &Receipt{
		Order:     order.ID,
		RequestID: known.AwsRequestID,
		Function:  lambdacontext.FunctionName,
		ARN:       known.InvokedFunctionArn,
		HasTime:   hasTime,
	}
	for _, line := range order.Lines {
		receipt.Total += float64(line.Quantity) * line.Price
	}
	slog.New(slog.NewJSONHandler(os.Stdout, nil)).Info("priced", "order", order.ID)
	return receipt, nil
}

func main() {
	lambda.Start(price)
}
