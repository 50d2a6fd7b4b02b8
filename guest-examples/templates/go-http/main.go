// Answers HTTP requests.
package main

import (
	"encoding/json"
	"log"
	"net/http"
)

func greet(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == "" {
		name = "world"
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]string{"message": "Hello, " + name + "!"}); err != nil {
		log.Print(err)
	}
}

func main() {
	http.HandleFunc("GET /", greet)
	log.Fatal(http.ListenAndServe(":8080", nil))
}
