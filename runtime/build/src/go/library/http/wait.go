//go:build wasip1

package http

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
	"unsafe"
)

// lambentWaiting are those who wait for the host, and whether somebody asks it for them.
var lambentWaiting struct {
	sync.Mutex
	all    []*lambentWaiter
	asking bool
}

// lambentWaiter waits until something of the host's is ready.
type lambentWaiter struct {
	pollable uint32
	ready    chan struct{}
	// When it stops waiting, if it does.
	until time.Time
}

// lambentWait waits until a pollable is ready, which it drops.
func lambentWait(ctx context.Context, pollable uint32) error {
	defer lambentPollableDrop(pollable)
	waiter := &lambentWaiter{pollable: pollable, ready: make(chan struct{})}
	waiter.until, _ = ctx.Deadline()
	lambentWaiting.Lock()
	lambentWaiting.all = append(lambentWaiting.all, waiter)
	if !lambentWaiting.asking {
		lambentWaiting.asking = true
		go lambentAsk()
	}
	lambentWaiting.Unlock()
	select {
	case <-waiter.ready:
		return nil
	case <-ctx.Done():
		lambentWaiting.Lock()
		lambentWaiting.all = slices.DeleteFunc(lambentWaiting.all, func(other *lambentWaiter) bool { return other == waiter })
		lambentWaiting.Unlock()
		return context.Cause(ctx)
	}
}

const (
	// Other goroutines have run if giving way to them took that long.
	lambentBusy = 5 * time.Microsecond
	// Timers of others may be late by this much, since nothing else runs while the host is asked.
	lambentPatienceMin = time.Millisecond
	lambentPatienceMax = 8 * time.Millisecond
)

// lambentAsk asks the host for all who wait. As it is one for the whole module, the host can be
// waited for only while no other goroutine has anything to do.
func lambentAsk() {
	patience, idle := lambentPatienceMin, 0
	for {
		began := time.Now()
		runtime.Gosched()
		if idle++; time.Since(began) > lambentBusy {
			idle, patience = 0, lambentPatienceMin
		}
		lambentWaiting.Lock()
		if len(lambentWaiting.all) == 0 {
			lambentWaiting.asking = false
			lambentWaiting.Unlock()
			return
		}
		wait := time.Duration(0)
		if idle > 1 {
			wait = patience
			patience = min(2*patience, lambentPatienceMax)
		}
		if lambentAskFor(wait) {
			idle, patience = 0, lambentPatienceMin
		}
		lambentWaiting.Unlock()
	}
}

// What the host is asked for, and where it answers: memory that is not moved.
var (
	lambentAsked    []uint32
	lambentAnswered [2]uint32
)

// lambentAskFor asks the host for all who wait, for so long, and tells whether any of them is ready.
func lambentAskFor(wait time.Duration) bool {
	lambentAsked = lambentAsked[:0]
	for _, waiter := range lambentWaiting.all {
		lambentAsked = append(lambentAsked, waiter.pollable)
		if !waiter.until.IsZero() {
			wait = max(0, min(wait, time.Until(waiter.until)))
		}
	}
	clock := lambentAfter(uint64(wait))
	defer lambentPollableDrop(clock)
	lambentAsked = append(lambentAsked, clock)
	lambentReading()
	defer lambentRead()
	lambentPoll(unsafe.Pointer(unsafe.SliceData(lambentAsked)), uint32(len(lambentAsked)), unsafe.Pointer(&lambentAnswered))
	if lambentAnswered[1] == 0 {
		return false
	}
	ready := unsafe.Slice((*uint32)(unsafe.Pointer(uintptr(lambentAnswered[0]))), int(lambentAnswered[1]))
	some := false
	for _, index := range ready {
		if int(index) < len(lambentWaiting.all) {
			close(lambentWaiting.all[index].ready)
			lambentWaiting.all[index] = nil
			some = true
		}
	}
	lambentWaiting.all = slices.DeleteFunc(lambentWaiting.all, func(waiter *lambentWaiter) bool { return waiter == nil })
	return some
}
