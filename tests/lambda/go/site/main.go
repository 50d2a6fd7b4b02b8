// A site that serves HTTP by itself, as in a container.
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync/atomic"
)

var visits atomic.Int64

func visit(w http.ResponseWriter, r *http.Request) {
	_, _ = fmt.Fprintf(w, "%s, visit %d", r.PathValue("name"), visits.Add(1))
}

func upper(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		http.Error(w, "at most a megabyte", http.StatusRequestEntityTooLarge)
		return
	}
	w.Header().Set("X-Length", fmt.Sprint(r.ContentLength))
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, strings.ToUpper(string(body)))
}

// pages are streamed: nobody keeps all of it in memory.
func pages(w http.ResponseWriter, _ *http.Request) {
	for page := range 1000 {
		_, _ = fmt.Fprintf(w, "page %d of a thousand\n", page)
	}
}

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /visit/{name}", visit)
	mux.HandleFunc("POST /upper", upper)
	mux.HandleFunc("GET /pages", pages)
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("no page") })
	mux.HandleFunc("GET /loop", func(http.ResponseWriter, *http.Request) {
		for {
			visits.Add(1)
		}
	})
	log.Fatal(http.ListenAndServe(":8080", mux))
}
