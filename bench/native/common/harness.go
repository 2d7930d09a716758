// What the Go peers share: the talk with the runner, the clock and the histogram.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"
)

type command struct {
	Order string
	Given given
}

type given struct {
	Kind        string
	Text        string
	InFlight    int
	Connections int
	AtOnce      bool
	Seconds     float64
}

type usage struct {
	CPU     float64 `json:"cpu"`
	PeakRss float64 `json:"peakRss"`
}

// CPU µs so far, of all threads, and the peak RSS in bytes.
func used() usage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fail(err)
	}
	us := func(t syscall.Timeval) float64 { return float64(t.Sec)*1e6 + float64(t.Usec) }
	return usage{us(u.Utime) + us(u.Stime), float64(u.Maxrss) * 1024}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

// The runner sends a line of JSON for each order on the descriptor that NODE_CHANNEL_FD names, and waits for a line
// with the answer. Where the runner is gone there is nothing left to do.
func obey(orders map[string]func(given) interface{}) {
	fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
	check(err)
	channel := os.NewFile(uintptr(fd), "channel")
	lines := bufio.NewReader(channel)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			os.Exit(0)
		}
		var got command
		check(json.Unmarshal(line, &got))
		var answer interface{}
		if order := orders[got.Order]; order != nil {
			answer = order(got.Given)
		}
		switch got.Order {
		case "usage":
			answer = used()
		case "collect":
			debug.FreeOSMemory()
		}
		text, err := json.Marshal(map[string]interface{}{"answer": answer})
		check(err)
		_, err = channel.Write(append(text, '\n'))
		check(err)
	}
}

// What a cold client writes once it has its answer.
func writeCold() {
	text, err := json.Marshal(used())
	check(err)
	fmt.Println(string(text))
}

const (
	fineMs      = 100
	finePerMs   = 10000
	coarseMs    = 60000
	coarsePerMs = 10
)

type latency struct {
	fine, coarse []uint32
	total        uint64
}

func newLatency() *latency {
	return &latency{make([]uint32, fineMs*finePerMs), make([]uint32, coarseMs*coarsePerMs), 0}
}

func (l *latency) add(d time.Duration) {
	ms := float64(d) / 1e6
	if ms < fineMs {
		l.fine[int(ms*finePerMs)]++
	} else if ms < coarseMs {
		l.coarse[int(ms*coarsePerMs)]++
	} else {
		l.coarse[len(l.coarse)-1]++
	}
	l.total++
}

// In µs; nil where nothing was timed.
func (l *latency) percentile(share float64) interface{} {
	left := float64(l.total) * share
	if l.total == 0 {
		return nil
	}
	for i, count := range l.fine {
		if left -= float64(count); left <= 0 {
			return (float64(i) + 0.5) / finePerMs * 1000
		}
	}
	for i, count := range l.coarse {
		if left -= float64(count); left <= 0 {
			return (float64(i) + 0.5) / coarsePerMs * 1000
		}
	}
	return nil
}
