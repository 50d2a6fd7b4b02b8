package lambent

import "unsafe"

// What is common to all that is imported, by the Canonical ABI: addresses have 32 bits there, and 64
// in Go. A result is written to where the last argument says.

// result is where the host writes results: memory that is not moved. Nothing else runs between a
// call and the end of what is read of its result.
var result [8]uint32

func answer() unsafe.Pointer { return unsafe.Pointer(&result) }

// arena is where the host puts what it hands over; none before it is known.
var arena *struct{ top, readers uint32 }

// free is where the arena is free as long as nobody reads there.
var free uint32

//go:wasmexport lambent:arena/sdk
func setArena(at unsafe.Pointer) { arena = (*struct{ top, readers uint32 })(at) }

// reading keeps what the host hands over until what it returns is called.
func reading() func() {
	if arena == nil {
		return func() {}
	}
	if arena.readers == 0 {
		free = arena.top
	}
	arena.readers++
	return func() {
		arena.readers--
		if arena.readers == 0 {
			arena.top = free
		}
	}
}

// text is where a string is, and how long it is.
func text(of string) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.StringData(of)), uint32(len(of))
}

// data is where bytes are, and how many they are.
func data(of []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(of)), uint32(len(of))
}

// words is a result as it was, for what allocates: others may run meanwhile.
func words() [8]uint32 { return result }

// choice is the case of a variant, of which the memory has one byte.
func choice(word uint32) uint32 { return word & 0xff }

// bytesAt is a copy of what the host has put somewhere.
func bytesAt(at, length uint32) []byte {
	copied := make([]byte, length)
	if length > 0 {
		copy(copied, unsafe.Slice((*byte)(unsafe.Pointer(uintptr(at))), int(length)))
	}
	return copied
}

func textAt(at, length uint32) string { return string(bytesAt(at, length)) }

// textsAt is a copy of a list of strings.
func textsAt(at, count uint32) []string {
	texts := make([]string, 0, count)
	if count > 0 {
		for _, item := range unsafe.Slice((*[2]uint32)(unsafe.Pointer(uintptr(at))), int(count)) {
			texts = append(texts, textAt(item[0], item[1]))
		}
	}
	return texts
}
