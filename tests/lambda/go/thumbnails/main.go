// Notes which thumbnails are to be made of images that were put into a bucket.
package main

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"path"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func handler(_ context.Context, event events.S3Event) ([]string, error) {
	var made []string
	for _, record := range event.Records {
		bucket, object := record.S3.Bucket.Name, record.S3.Object
		key, err := url.QueryUnescape(object.Key)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", object.Key, err)
		}
		if !strings.HasPrefix(record.EventName, "ObjectCreated:") {
			continue
		}
		thumbnail := strings.TrimSuffix(key, path.Ext(key)) + "-small.jpg"
		log.Printf("%s/%s (%d bytes) becomes %s", bucket, key, object.Size, thumbnail)
		made = append(made, thumbnail)
	}
	return made, nil
}

func main() {
	lambda.Start(handler)
}
