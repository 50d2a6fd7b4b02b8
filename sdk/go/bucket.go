package lambent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unsafe"
)

//go:wasmimport wasi:blobstore/blobstore@0.2.0-draft get-container
func getContainer(name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [resource-drop]container
func containerDrop(container uint32)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [method]container.get-data
func containerGetData(container uint32, name unsafe.Pointer, length uint32, start, end uint64, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [method]container.write-data
func containerWriteData(container uint32, name unsafe.Pointer, length, value uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [method]container.delete-object
func containerDelete(container uint32, name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [method]container.has-object
func containerHas(container uint32, name unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [method]container.list-objects
func containerList(container uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [method]stream-object-names.read-stream-object-names
func namesRead(names uint32, most uint64, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/container@0.2.0-draft [resource-drop]stream-object-names
func namesDrop(names uint32)

//go:wasmimport wasi:blobstore/types@0.2.0-draft [static]incoming-value.incoming-value-consume-async
func incomingConsume(value uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/types@0.2.0-draft [static]outgoing-value.new-outgoing-value
func newOutgoing() uint32

//go:wasmimport wasi:blobstore/types@0.2.0-draft [method]outgoing-value.outgoing-value-write-body
func outgoingBody(value uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/types@0.2.0-draft [static]outgoing-value.finish
func outgoingFinish(value uint32, result unsafe.Pointer)

//go:wasmimport wasi:blobstore/types@0.2.0-draft [resource-drop]outgoing-value
func outgoingDrop(value uint32)

//go:wasmimport wasi:io/streams@0.2.12 [method]input-stream.blocking-read
func streamRead(stream uint32, most uint64, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]input-stream
func inputDrop(stream uint32)

//go:wasmimport wasi:io/streams@0.2.12 [method]output-stream.blocking-write-and-flush
func streamWrite(stream uint32, data unsafe.Pointer, length uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/streams@0.2.12 [resource-drop]output-stream
func outputDrop(stream uint32)

//go:wasmimport wasi:io/error@0.2.12 [method]error.to-debug-string
func errorText(of uint32, result unsafe.Pointer)

//go:wasmimport wasi:io/error@0.2.12 [resource-drop]error
func errorDrop(of uint32)

// Bucket has objects.
type Bucket struct {
	name      string
	container uint32
}

// failed is the error of a result whose error is a text.
func (b *Bucket) failed() error {
	if words := words(); choice(words[0]) != 0 {
		return fmt.Errorf("bucket %q: %s", b.name, textAt(words[1], words[2]))
	}
	return nil
}

// OpenBucket opens the bucket of a name.
func OpenBucket(name string) (*Bucket, error) {
	defer reading()()
	at, length := text(name)
	getContainer(at, length, answer())
	bucket := &Bucket{name, result[1]}
	if err := bucket.failed(); err != nil {
		return nil, err
	}
	return bucket, nil
}

// Get reads a whole object.
func (b *Bucket) Get(key string) ([]byte, error) {
	reader, err := b.Reader(key)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	return io.ReadAll(reader)
}

// Reader reads an object piece by piece, whatever its size.
func (b *Bucket) Reader(key string) (io.ReadCloser, error) {
	defer reading()()
	at, length := text(key)
	containerGetData(b.container, at, length, 0, ^uint64(0), answer())
	value := result[1]
	if err := b.failed(); err != nil {
		return nil, err
	}
	incomingConsume(value, answer())
	stream := result[1]
	if err := b.failed(); err != nil {
		return nil, err
	}
	return &objectReader{stream: stream}, nil
}

// Put writes a whole object, and replaces any of that key.
func (b *Bucket) Put(key string, object []byte) error {
	return b.Write(key, bytes.NewReader(object))
}

// Write writes what a reader has as an object, whatever its size, and replaces any of that key. If
// it fails, nothing has changed.
func (b *Bucket) Write(key string, from io.Reader) error {
	defer reading()()
	value := newOutgoing()
	outgoingBody(value, answer())
	if choice(result[0]) != 0 {
		outgoingDrop(value)
		return fmt.Errorf("bucket %q: the object has no body", b.name)
	}
	stream := result[1]
	at, length := text(key)
	containerWriteData(b.container, at, length, value, answer())
	err := b.failed()
	if err == nil {
		_, err = io.Copy(objectWriter{stream}, from)
	}
	outputDrop(stream)
	if err != nil {
		outgoingDrop(value)
		return err
	}
	outgoingFinish(value, answer())
	return b.failed()
}

// Delete deletes an object; one that does not exist is deleted already.
func (b *Bucket) Delete(key string) error {
	defer reading()()
	at, length := text(key)
	containerDelete(b.container, at, length, answer())
	return b.failed()
}

// Exists tells whether there is an object.
func (b *Bucket) Exists(key string) (bool, error) {
	defer reading()()
	at, length := text(key)
	containerHas(b.container, at, length, answer())
	exists := choice(result[1]) == 1
	if err := b.failed(); err != nil {
		return false, err
	}
	return exists, nil
}

// Keys calls a function for the key of every object until it returns false.
func (b *Bucket) Keys(yield func(key string) bool) error {
	names, err := b.names()
	if err != nil {
		return err
	}
	defer namesDrop(names)
	for {
		keys, last, err := b.page(names)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !yield(key) {
				return nil
			}
		}
		if last {
			return nil
		}
	}
}

func (b *Bucket) names() (uint32, error) {
	defer reading()()
	containerList(b.container, answer())
	names := result[1]
	return names, b.failed()
}

// page lists keys, and tells whether they are the last.
func (b *Bucket) page(names uint32) (keys []string, last bool, err error) {
	defer reading()()
	namesRead(names, 500, answer())
	listed := words()
	if err := b.failed(); err != nil {
		return nil, false, err
	}
	return textsAt(listed[1], listed[2]), choice(listed[3]) == 1, nil
}

// Close gives the bucket back to the host.
func (b *Bucket) Close() error {
	containerDrop(b.container)
	return nil
}

// part is the most that is read or written at a time: the host writes no more at once.
const part = 4096

// streamError is what a stream ended with; last are the words of it.
func streamError(which, of uint32) error {
	if choice(which) != 0 {
		return io.EOF
	}
	defer errorDrop(of)
	errorText(of, answer())
	return errors.New(textAt(result[0], result[1]))
}

// objectReader reads an object.
type objectReader struct {
	stream uint32
	closed bool
}

func (r *objectReader) Read(into []byte) (int, error) {
	if r.closed {
		return 0, errors.New("read of an object that was closed")
	}
	if len(into) == 0 {
		return 0, nil
	}
	defer reading()()
	streamRead(r.stream, uint64(min(len(into), 16*part)), answer())
	read := words()
	if choice(read[0]) != 0 {
		return 0, streamError(read[1], read[2])
	}
	return copy(into, bytesAt(read[1], read[2])), nil
}

func (r *objectReader) Close() error {
	if !r.closed {
		r.closed = true
		inputDrop(r.stream)
	}
	return nil
}

// objectWriter writes an object.
type objectWriter struct{ stream uint32 }

func (w objectWriter) Write(from []byte) (int, error) {
	written := 0
	for written < len(from) {
		next := from[written:min(len(from), written+part)]
		at, length := data(next)
		streamWrite(w.stream, at, length, answer())
		if wrote := words(); choice(wrote[0]) != 0 {
			err := streamError(wrote[1], wrote[2])
			if err == io.EOF {
				err = io.ErrShortWrite
			}
			return written, err
		}
		written += len(next)
	}
	return written, nil
}
