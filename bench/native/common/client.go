// The loads, over what each Go peer gives as a connection.
package main

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type connection interface {
	call(text string) (string, error)
	confirm(order *Order) (*Order, error)
	blob(number int32) ([]byte, error)
	echo(bytes []byte) ([]byte, error)
}

// A connection that has streams as well.
type streams interface {
	rows(count int32, atOnce bool, take func(id int32, name string) error) error
	change(count int32, take func(id int32, name string) error) error
}

type result struct {
	Done     float64     `json:"done"`
	Elapsed  float64     `json:"elapsed"`
	P50      interface{} `json:"p50"`
	P99      interface{} `json:"p99"`
	CPU      float64     `json:"cpu"`
	PeakRss  float64     `json:"peakRss"`
	BulkRate *float64    `json:"bulkRate,omitempty"`
}

const helloWorld = "hello world"

func runClient(dial func() connection) {
	var connections []connection
	obey(map[string]func(given) interface{}{
		"open": func(g given) interface{} {
			for len(connections) == 0 || len(connections) < g.Connections {
				opened := dial()
				checkCall(opened)
				connections = append(connections, opened)
			}
			return nil
		},
		"run": func(g given) interface{} {
			before := used()
			measured := run(connections, g)
			after := used()
			measured.CPU = after.CPU - before.CPU
			measured.PeakRss = after.PeakRss
			return measured
		},
	})
}

func runCold(dial func() connection) {
	checkCall(dial())
	writeCold()
}

func checkCall(one connection) {
	answer, err := one.call(helloWorld)
	check(err)
	if answer != strings.ToUpper(helloWorld) {
		fail(fmt.Errorf("wrong answer: %s", answer))
	}
}

func run(connections []connection, g given) result {
	only := connections[0]
	switch g.Kind {
	case "calls":
		return runLoops(g.InFlight, timedOf(g.InFlight), g.Seconds, calls(connections, g.Text))
	case "nested":
		return runLoops(g.InFlight, 1, g.Seconds, func(number int) error {
			answer, err := only.confirm(newOrder(int32(number)))
			if err != nil {
				return err
			}
			return checkConfirmed(answer, int32(number))
		})
	case "binary":
		return runLoops(1, 1, g.Seconds, func(number int) error {
			bytes, err := only.echo(blob(int32(number % blobCount)))
			if err != nil {
				return err
			}
			return checkBlob(bytes, number%blobCount)
		})
	case "bulk":
		return runLoops(g.InFlight, 1, g.Seconds, bulk(only))
	case "calls-during-bulk":
		large := make(chan result)
		go func() { large <- runLoops(g.InFlight, 1, g.Seconds, bulk(only)) }()
		small := runLoops(1, 1, g.Seconds, calls(connections, g.Text))
		beside := <-large
		rate := beside.Done / beside.Elapsed
		small.BulkRate = &rate
		return small
	case "both-ways":
		return runPieces(g.Seconds, 1, only.(streams).change)
	default:
		return runPieces(g.Seconds, 0, func(count int32, take func(int32, string) error) error {
			return only.(streams).rows(count, g.AtOnce, take)
		})
	}
}

// With many in flight only one call in 16 is timed, as in the peers of Node.
func timedOf(inFlight int) int {
	if inFlight == 1 {
		return 1
	}
	return 16
}

// Loop `number` is at its connections in turn, so that none is left without calls.
func calls(connections []connection, text string) func(int) error {
	expected := strings.ToUpper(text)
	return func(number int) error {
		answer, err := connections[number%len(connections)].call(text)
		if err != nil {
			return err
		}
		if answer != expected {
			return fmt.Errorf("wrong answer: %s", answer)
		}
		return nil
	}
}

func bulk(only connection) func(int) error {
	return func(number int) error {
		bytes, err := only.blob(int32(number % blobCount))
		if err != nil {
			return err
		}
		return checkBlob(bytes, number%blobCount)
	}
}

// Goroutines that each do one step after the other until the time is up, and the last to its end.
func runLoops(inFlight, every int, seconds float64, step func(number int) error) result {
	var running int32 = 1
	var done uint64
	var loops sync.WaitGroup
	var merging sync.Mutex
	times := newLatency()
	start := time.Now()
	time.AfterFunc(time.Duration(seconds*1e9), func() { atomic.StoreInt32(&running, 0) })
	for first := 0; first < inFlight; first++ {
		loops.Add(1)
		go func(first int) {
			defer loops.Done()
			var own []time.Duration
			count := 0
			for number := first; atomic.LoadInt32(&running) == 1; number += inFlight {
				if (count+first)%every == 0 {
					began := time.Now()
					check(step(number))
					own = append(own, time.Since(began))
				} else {
					check(step(number))
				}
				if count++; len(own) == 1024 {
					merge(times, own, &merging)
					own = own[:0]
				}
			}
			merge(times, own, &merging)
			atomic.AddUint64(&done, uint64(count))
		}(first)
	}
	loops.Wait()
	elapsed := time.Since(start).Seconds()
	return result{Done: float64(done), Elapsed: elapsed, P50: times.percentile(0.5), P99: times.percentile(0.99)}
}

func merge(into *latency, own []time.Duration, merging *sync.Mutex) {
	merging.Lock()
	defer merging.Unlock()
	for _, one := range own {
		into.add(one)
	}
}

var rows int32 = 1000

// One stream after the other, as long as takes a while, which is found while warming up.
func runPieces(seconds float64, firstID int32, stream func(count int32, take func(int32, string) error) error) result {
	done := 0.0
	start := time.Now()
	for {
		began := time.Now()
		taken := &rowCheck{firstID: firstID}
		check(stream(rows, taken.take))
		check(taken.end(rows))
		done += float64(rows)
		if time.Since(began) < 100*time.Millisecond && rows < 200000 {
			rows *= 2
		}
		if elapsed := time.Since(start).Seconds(); elapsed >= seconds {
			return result{Done: done, Elapsed: elapsed}
		}
	}
}
