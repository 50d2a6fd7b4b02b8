// Counts, keeps and passes on what it is told, in a keyspace, a bucket and a queue.
package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"
	lambent "github.com/lambent-dev/lambent/sdk/go"
)

type Note struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Size int    `json:"size"`
}

type Kept struct {
	Count   int64    `json:"count"`
	Before  string   `json:"before"`
	Keys    []string `json:"keys"`
	Objects []string `json:"objects"`
	Read    int      `json:"read"`
}

func handler(_ context.Context, note Note) (kept Kept, err error) {
	keys, err := lambent.OpenKeyspace("notes")
	if err != nil {
		return kept, err
	}
	defer keys.Close()
	if kept.Count, err = keys.Increment("count", 1); err != nil {
		return kept, err
	}
	before, _, err := keys.Get(note.Name)
	if err != nil {
		return kept, err
	}
	kept.Before = string(before)
	if err := keys.Set(note.Name, []byte(note.Text)); err != nil {
		return kept, err
	}
	exists, err := keys.Exists("nothing")
	if err != nil || exists {
		return kept, errors.Join(err, errors.New("there is nothing"))
	}
	err = keys.Keys(func(key string) bool {
		kept.Keys = append(kept.Keys, key)
		return true
	})
	if err != nil {
		return kept, err
	}
	if err := object(note, &kept); err != nil {
		return kept, err
	}
	queue, err := lambent.OpenQueue("notes")
	if err != nil {
		return kept, err
	}
	defer queue.Close()
	return kept, queue.SendJSON(note)
}

// object keeps an object of the note's size.
func object(note Note, kept *Kept) error {
	bucket, err := lambent.OpenBucket("notes")
	if err != nil {
		return err
	}
	defer bucket.Close()
	if err := bucket.Put(note.Name, make([]byte, note.Size)); err != nil {
		return err
	}
	read, err := bucket.Get(note.Name)
	if err != nil {
		return err
	}
	kept.Read = len(read)
	if _, err := bucket.Get("nothing"); err == nil {
		return errors.New("there is nothing")
	}
	exists, err := bucket.Exists(note.Name)
	if err != nil || !exists {
		return fmt.Errorf("%s was just written: %w", note.Name, err)
	}
	return bucket.Keys(func(key string) bool {
		kept.Objects = append(kept.Objects, key)
		return true
	})
}

func main() {
	lambda.Start(handler)
}
