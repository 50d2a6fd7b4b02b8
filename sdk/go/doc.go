// Package lambent reaches keyspaces, buckets and queues from functions in Go that `lambent build`
// makes: those that the function was granted.
//
//	stock, err := lambent.OpenKeyspace("stock")
//	left, err := stock.Increment("lamp", -1)
//
//	photos, err := lambent.OpenBucket("photos")
//	err = photos.Put("a.jpg", bytes)
//
//	orders, err := lambent.OpenQueue("orders")
//	err = orders.Send([]byte(`{"lamp":3}`))
//
// A call waits in the host, and no other goroutine goes on in the meantime. The package compiles
// everywhere, so that it can be vetted and edited, and links for functions alone.
package lambent
