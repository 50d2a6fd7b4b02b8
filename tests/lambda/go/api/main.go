// A small API of several routes, by Go's own router.
package main

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

type store struct {
	sync.Mutex
	notes map[string]string
}

func (s *store) list(w http.ResponseWriter, _ *http.Request) {
	s.Lock()
	defer s.Unlock()
	reply(w, http.StatusOK, s.notes)
}

func (s *store) get(w http.ResponseWriter, r *http.Request) {
	s.Lock()
	defer s.Unlock()
	note, ok := s.notes[r.PathValue("name")]
	if !ok {
		reply(w, http.StatusNotFound, map[string]string{"error": "no such note"})
		return
	}
	reply(w, http.StatusOK, map[string]string{"note": note, "verbose": r.URL.Query().Get("verbose")})
}

func (s *store) put(w http.ResponseWriter, r *http.Request) {
	var body struct{ Note string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		return
	}
	s.Lock()
	defer s.Unlock()
	s.notes[r.PathValue("name")] = body.Note
	http.SetCookie(w, &http.Cookie{Name: "last", Value: r.PathValue("name")})
	w.Header().Set("Location", r.URL.Path)
	reply(w, http.StatusCreated, map[string]int{"notes": len(s.notes)})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func main() {
	notes := &store{notes: map[string]string{"first": "hello"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes", notes.list)
	mux.HandleFunc("GET /notes/{name}", notes.get)
	mux.HandleFunc("PUT /notes/{name}", notes.put)
	lambda.Start(httpadapter.NewV2(mux).ProxyWithContext)
}
