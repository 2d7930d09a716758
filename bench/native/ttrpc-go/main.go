// ttrpc in Go, as containerd uses it. The version that Debian has knows no streams.
package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/containerd/ttrpc"
)

type server struct{}

func (server) Uppercase(_ context.Context, request *Text) (*Text, error) {
	return &Text{Text: strings.ToUpper(request.Text)}, nil
}

func (server) Confirm(_ context.Context, order *Order) (*Order, error) {
	return confirmed(order), nil
}

func (server) Blob(_ context.Context, request *Number) (*Bytes, error) {
	return &Bytes{Bytes: blob(request.Number)}, nil
}

func (server) Echo(_ context.Context, request *Bytes) (*Bytes, error) {
	return request, nil
}

var errNoStreams = errors.New("no streams")

func (server) Rows(context.Context, *Count) (*Row, error)       { return nil, errNoStreams }
func (server) RowsAtOnce(context.Context, *Count) (*Row, error) { return nil, errNoStreams }
func (server) Change(context.Context, *Row) (*Row, error)       { return nil, errNoStreams }

type client struct{ stub BenchService }

func (c client) call(text string) (string, error) {
	answer, err := c.stub.Uppercase(context.Background(), &Text{Text: text})
	if err != nil {
		return "", err
	}
	return answer.Text, nil
}

func (c client) confirm(order *Order) (*Order, error) {
	return c.stub.Confirm(context.Background(), order)
}

func (c client) blob(number int32) ([]byte, error) {
	answer, err := c.stub.Blob(context.Background(), &Number{Number: number})
	if err != nil {
		return nil, err
	}
	return answer.Bytes, nil
}

func (c client) echo(bytes []byte) ([]byte, error) {
	answer, err := c.stub.Echo(context.Background(), &Bytes{Bytes: bytes})
	if err != nil {
		return nil, err
	}
	return answer.Bytes, nil
}

func main() {
	path := os.Args[2]
	dial := func() connection {
		socket, err := net.Dial("unix", path)
		check(err)
		return client{NewBenchClient(ttrpc.NewClient(socket))}
	}
	switch os.Args[1] {
	case "server":
		obey(map[string]func(given) interface{}{"open": func(given) interface{} {
			listener, err := net.Listen("unix", path)
			check(err)
			serving, err := ttrpc.NewServer()
			check(err)
			RegisterBenchService(serving, server{})
			go func() { check(serving.Serve(context.Background(), listener)) }()
			return nil
		}})
	case "client":
		runClient(dial)
	default:
		runCold(dial)
	}
}
