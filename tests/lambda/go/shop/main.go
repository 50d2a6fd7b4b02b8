// Keeps orders in a table and their receipts in a bucket, by version 2 of the AWS SDK, as functions on AWS do: with
// nothing configured.
package main

import (
	"context"
	"io"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type Order struct {
	ID    string `json:"id"`
	Total string `json:"total"`
}

var (
	tables  *dynamodb.Client
	buckets *s3.Client
)

func handler(ctx context.Context, order Order) (map[string]string, error) {
	key := map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: order.ID}}
	item := map[string]types.AttributeValue{"id": key["id"], "total": &types.AttributeValueMemberN{Value: order.Total}}
	if _, err := tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("orders"), Item: item}); err != nil {
		return nil, err
	}
	found, err := tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("orders"), Key: key})
	if err != nil {
		return nil, err
	}
	total := found.Item["total"].(*types.AttributeValueMemberN).Value
	receipt := &s3.PutObjectInput{
		Bucket: aws.String("receipts"), Key: aws.String(order.ID + ".txt"), Body: strings.NewReader("total " + total),
	}
	if _, err := buckets.PutObject(ctx, receipt); err != nil {
		return nil, err
	}
	object, err := buckets.GetObject(ctx, &s3.GetObjectInput{Bucket: receipt.Bucket, Key: receipt.Key})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	text, err := io.ReadAll(object.Body)
	return map[string]string{"total": total, "receipt": string(text)}, err
}

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		panic(err)
	}
	tables, buckets = dynamodb.NewFromConfig(settings), s3.NewFromConfig(settings)
	lambda.Start(handler)
}
