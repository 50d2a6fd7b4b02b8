// Receipt answers an order with its receipt: the event comes on standard input, and what is
// written to standard output is the answer.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type order struct {
	Customer string `json:"customer"`
	Items    []item `json:"items"`
}

type item struct {
	Name     string `json:"name"`
	Quantity int64  `json:"quantity"`
	Cents    int64  `json:"cents"`
}

type receipt struct {
	Message string   `json:"message"`
	Lines   []string `json:"lines"`
	Total   string   `json:"total"`
}

func main() {
	var order order
	if err := json.NewDecoder(os.Stdin).Decode(&order); err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(receiptOf(order)); err != nil {
		fail(err)
	}
}

func receiptOf(order order) receipt {
	lines, total := []string{}, int64(0)
	for _, item := range order.Items {
		cents := item.Quantity * item.Cents
		lines = append(lines, fmt.Sprintf("%d x %s: %s", item.Quantity, item.Name, amount(cents)))
		total += cents
	}
	return receipt{fmt.Sprintf("Thank you, %s!", order.Customer), lines, amount(total)}
}

func amount(cents int64) string {
	return fmt.Sprintf("%d.%02d %s", cents/100, cents%100, os.Getenv("CURRENCY"))
}

// fail ends the program so that the invocation is known to have failed, and why.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "not an order:", err)
	os.Exit(1)
}
