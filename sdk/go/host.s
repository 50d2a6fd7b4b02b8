// Functions of the host have no body in Go.
