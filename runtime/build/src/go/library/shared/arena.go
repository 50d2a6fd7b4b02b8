//go:build go1.24

package shared

import (
	"runtime"
	"unsafe"
)

// lambentHead tells what of the arena is in use.
type lambentHead struct {
	// Where the next goes.
	top uint32
	// How many are reading what is there.
	readers uint32
	// The block for what does not fit, and its length; 0 while it is in use.
	spare, spareLength uint32
	// The largest block that was ever given for that.
	block, blockLength uint32
}

// lambentArena is where the host puts what it hands over, until the call is over, and what it needs
// before Go's runtime has begun.
var lambentArena struct {
	lambentHead
	_ [384 << 10]byte
}

// The end of the memory that Go's runtime uses, and of what it has: the block is between them. Go
// itself cannot give it, since nothing may be asked of the host while it is needed.
var (
	//go:linkname lambentBreak runtime.bloc
	lambentBreak uintptr
	//go:linkname lambentBreakMax runtime.blocMax
	lambentBreakMax uintptr
)

// lambentMark tells what completes the linked module where all that is.
var lambentMark = struct {
	before             [2]uint64
	arena              unsafe.Pointer
	memory, memoryHeld *uintptr
	after              [2]uint64
}{
	[2]uint64{0xb5a7d3c1e94f8b26, 0x9d3e7a51c8f264b7},
	unsafe.Pointer(&lambentArena),
	&lambentBreak,
	&lambentBreakMax,
	[2]uint64{0xe61b94d7a3c58f12, 0x87c4f19b2d6ea35b},
}

// lambentFloor is where the arena is free when no call is under way.
var lambentFloor uint32

// lambentOpen keeps what is in the arena now for good.
func lambentOpen() {
	runtime.KeepAlive(lambentMark)
	lambentFloor = lambentArena.top
}

// lambentFree frees what the host has handed over.
func lambentFree() {
	if lambentArena.readers == 0 {
		lambentArena.top = lambentFloor
		lambentArena.spare, lambentArena.spareLength = lambentArena.block, lambentArena.blockLength
	}
}
