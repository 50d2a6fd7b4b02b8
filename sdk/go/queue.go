package lambent

import (
	"encoding/json"
	"fmt"
	"unsafe"
)

//go:wasmimport wasi:messaging/types@0.2.0-draft [static]client.connect
func clientConnect(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:messaging/types@0.2.0-draft [resource-drop]client
func clientDrop(client uint32)

//go:wasmimport wasi:messaging/types@0.2.0-draft [constructor]message
func newMessage(body unsafe.Pointer, length uint32) uint32

//go:wasmimport wasi:messaging/types@0.2.0-draft [method]message.set-content-type
func messageSetContentType(message uint32, contentType unsafe.Pointer, length uint32)

//go:wasmimport wasi:messaging/types@0.2.0-draft [method]message.add-metadata
func messageAddMetadata(message uint32, key unsafe.Pointer, length uint32, value unsafe.Pointer, valueLength uint32)

//go:wasmimport wasi:messaging/producer@0.2.0-draft send
func producerSend(client uint32, topic unsafe.Pointer, length, message uint32, result unsafe.Pointer)

// Queue takes messages. To receive them, have a trigger call a function.
type Queue struct {
	name   string
	client uint32
}

// Message is what is sent to a queue.
type Message struct {
	Body        []byte
	ContentType string
	Attributes  map[string]string
}

func queueError(name string, words [8]uint32) error {
	why := "it did not answer in time"
	if choice(words[1]) != 0 {
		why = textAt(words[2], words[3])
	}
	if choice(words[1]) == 2 {
		return fmt.Errorf("queue %q: %s: %w", name, why, ErrDenied)
	}
	return fmt.Errorf("queue %q: %s", name, why)
}

// OpenQueue opens the queue of a name.
func OpenQueue(name string) (*Queue, error) {
	defer reading()()
	at, length := text(name)
	clientConnect(at, length, answer())
	if opened := words(); choice(opened[0]) != 0 {
		return nil, queueError(name, opened)
	}
	return &Queue{name, result[1]}, nil
}

// Send sends a message of bytes.
func (q *Queue) Send(body []byte) error { return q.SendMessage(Message{Body: body}) }

// SendJSON sends a message of a value as JSON.
func (q *Queue) SendJSON(value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return q.SendMessage(Message{Body: body, ContentType: "application/json"})
}

// SendMessage sends a message with all that belongs to it.
func (q *Queue) SendMessage(message Message) error {
	defer reading()()
	made := newMessage(data(message.Body))
	if message.ContentType != "" {
		at, length := text(message.ContentType)
		messageSetContentType(made, at, length)
	}
	for name, value := range message.Attributes {
		at, length := text(name)
		valueAt, valueLength := text(value)
		messageAddMetadata(made, at, length, valueAt, valueLength)
	}
	at, length := text(q.name)
	producerSend(q.client, at, length, made, answer())
	if sent := words(); choice(sent[0]) != 0 {
		return queueError(q.name, sent)
	}
	return nil
}

// Close gives the queue back to the host.
func (q *Queue) Close() error {
	clientDrop(q.client)
	return nil
}
