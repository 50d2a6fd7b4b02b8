// Decides who may call an API, by tokens that are read once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// Users by their tokens.
var users map[string]string

var calls int

// UnknownToken is the error of a token that nobody has.
type UnknownToken struct{ Token string }

func (e *UnknownToken) Error() string { return fmt.Sprintf("nobody has the token %q", e.Token) }

func init() {
	tokens := os.Getenv("TOKENS")
	if tokens == "" {
		log.Fatal("TOKENS is not set")
	}
	if err := json.Unmarshal([]byte(tokens), &users); err != nil {
		panic(err)
	}
}

func authorize(_ context.Context, request events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	calls++
	response := events.APIGatewayV2CustomAuthorizerSimpleResponse{}
	if len(request.IdentitySource) == 0 {
		return response, errors.New("Unauthorized")
	}
	token := request.IdentitySource[0]
	switch token {
	case "panic":
		var none map[string]int
		none["a"] = 1
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Minute)
	case "spin":
		for {
			calls++
		}
	}
	user, ok := users[token]
	if !ok {
		return response, &UnknownToken{token}
	}
	response.IsAuthorized = true
	response.Context = map[string]interface{}{"user": user, "calls": calls}
	return response, nil
}

func main() {
	lambda.Start(authorize)
}
