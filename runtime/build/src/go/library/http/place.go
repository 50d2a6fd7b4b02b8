//go:build wasip1

package http

import "unsafe"

// For programs that are called for Lambda's events, whose arena is in AWS's library.

//go:wasmexport lambent:arena/http
func lambentSetArena(at unsafe.Pointer) {
	lambentPlace = (*struct{ top, readers uint32 })(at)
}
