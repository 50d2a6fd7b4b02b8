// Converts amounts by rates that a service has, which is asked about all currencies at once.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

type Request struct {
	Amount     float64  `json:"amount"`
	Currencies []string `json:"currencies"`
}

// rate asks for the rate of one currency.
func rate(ctx context.Context, currency string) (float64, error) {
	body, err := json.Marshal(map[string]string{"currency": currency})
	if err != nil {
		return 0, err
	}
	url := os.Getenv("RATES_URL") + "/rate"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s for %s", response.Status, currency)
	}
	var answer struct{ Rate float64 }
	return answer.Rate, json.NewDecoder(response.Body).Decode(&answer)
}

func handler(ctx context.Context, request Request) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	var (
		group     sync.WaitGroup
		mutex     sync.Mutex
		firstErr  error
		converted = map[string]float64{}
	)
	for _, currency := range request.Currencies {
		group.Add(1)
		go func() {
			defer group.Done()
			rate, err := rate(ctx, currency)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil && firstErr == nil {
				firstErr = err
			}
			converted[currency] = rate * request.Amount
		}()
	}
	group.Wait()
	if firstErr != nil {
		return nil, firstErr
	}
	return converted, nil
}

func main() {
	lambda.Start(handler)
}
