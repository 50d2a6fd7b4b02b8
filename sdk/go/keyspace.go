package lambent

import (
	"errors"
	"fmt"
	"unsafe"
)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 open
func storeOpen(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 [method]bucket.get
func storeGet(bucket uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 [method]bucket.set
func storeSet(bucket uint32, key unsafe.Pointer, length uint32, value unsafe.Pointer, valueLength uint32, result unsafe.Pointer)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 [method]bucket.delete
func storeDelete(bucket uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 [method]bucket.exists
func storeExists(bucket uint32, key unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 [method]bucket.list-keys
func storeListKeys(bucket, some uint32, cursor unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:keyvalue/store@0.2.0-draft2 [resource-drop]bucket
func storeDrop(bucket uint32)

//go:wasmimport wasi:keyvalue/atomics@0.2.0-draft2 increment
func atomicsIncrement(bucket uint32, key unsafe.Pointer, length uint32, delta int64, result unsafe.Pointer)

// Keyspace has keys and their values.
type Keyspace struct {
	name   string
	bucket uint32
}

var (
	// ErrNotFound is the error of a keyspace that does not exist.
	ErrNotFound = errors.New("there is no keyspace of this name")
	// ErrDenied is the error of what the function was not granted.
	ErrDenied = errors.New("the function was not granted this; the log says what would grant it")
)

// keyspaceError reads an error, whose case is the word at a place.
func keyspaceError(name string, words [8]uint32, at int) error {
	switch choice(words[at]) {
	case 0:
		return fmt.Errorf("keyspace %q: %w", name, ErrNotFound)
	case 1:
		return fmt.Errorf("keyspace %q: %w", name, ErrDenied)
	}
	return fmt.Errorf("keyspace %q: %s", name, textAt(words[at+1], words[at+2]))
}

// OpenKeyspace opens the keyspace of a name.
func OpenKeyspace(name string) (*Keyspace, error) {
	defer reading()()
	at, length := text(name)
	storeOpen(at, length, answer())
	if opened := words(); choice(opened[0]) != 0 {
		return nil, keyspaceError(name, opened, 1)
	}
	return &Keyspace{name, result[1]}, nil
}

// Get reads the value of a key, and tells whether it has one.
func (k *Keyspace) Get(key string) (value []byte, ok bool, err error) {
	defer reading()()
	at, length := text(key)
	storeGet(k.bucket, at, length, answer())
	got := words()
	if choice(got[0]) != 0 {
		return nil, false, keyspaceError(k.name, got, 1)
	}
	if choice(got[1]) == 0 {
		return nil, false, nil
	}
	return bytesAt(got[2], got[3]), true, nil
}

// Set gives a key a value.
func (k *Keyspace) Set(key string, value []byte) error {
	defer reading()()
	at, length := text(key)
	valueAt, valueLength := data(value)
	storeSet(k.bucket, at, length, valueAt, valueLength, answer())
	return k.done()
}

// Delete deletes a key; one that does not exist is deleted already.
func (k *Keyspace) Delete(key string) error {
	defer reading()()
	at, length := text(key)
	storeDelete(k.bucket, at, length, answer())
	return k.done()
}

// done is the error of what has no other result.
func (k *Keyspace) done() error {
	if done := words(); choice(done[0]) != 0 {
		return keyspaceError(k.name, done, 1)
	}
	return nil
}

// Exists tells whether a key has a value.
func (k *Keyspace) Exists(key string) (bool, error) {
	defer reading()()
	at, length := text(key)
	storeExists(k.bucket, at, length, answer())
	if err := k.done(); err != nil {
		return false, err
	}
	return choice(result[1]) == 1, nil
}

// Increment adds to the number of a key, which is 0 if it has none, and returns what it is then.
func (k *Keyspace) Increment(key string, delta int64) (int64, error) {
	defer reading()()
	at, length := text(key)
	atomicsIncrement(k.bucket, at, length, delta, answer())
	counted := words()
	if choice(counted[0]) != 0 {
		return 0, keyspaceError(k.name, counted, 2)
	}
	return int64(uint64(counted[2]) | uint64(counted[3])<<32), nil
}

// Keys calls a function for every key until it returns false.
func (k *Keyspace) Keys(yield func(key string) bool) error {
	some, cursor := uint32(0), ""
	for {
		keys, next, err := k.page(some, cursor)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !yield(key) {
				return nil
			}
		}
		if next == nil {
			return nil
		}
		some, cursor = 1, *next
	}
}

// page lists keys, and tells with what to go on.
func (k *Keyspace) page(some uint32, cursor string) (keys []string, next *string, err error) {
	defer reading()()
	at, length := text(cursor)
	storeListKeys(k.bucket, some, at, length, answer())
	listed := words()
	if choice(listed[0]) != 0 {
		return nil, nil, keyspaceError(k.name, listed, 1)
	}
	if choice(listed[3]) != 0 {
		following := textAt(listed[4], listed[5])
		next = &following
	}
	return textsAt(listed[1], listed[2]), next, nil
}

// Close gives the keyspace back to the host.
func (k *Keyspace) Close() error {
	storeDrop(k.bucket)
	return nil
}
