// gRPC in Go, as its documentation has it: no options but the address.
package main

import (
	"context"
	"io"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
)

type server struct{}

func (server) Uppercase(_ context.Context, request *Text) (*Text, error) {
	return &Text{Text: strings.ToUpper(request.Text)}, nil
}

func (server) Confirm(_ context.Context, order *Order) (*Order, error) {
	return confirmed(order), nil
}

func (server) Rows(request *Count, stream Bench_RowsServer) error {
	for id := int32(0); id < request.Count; id++ {
		if err := stream.Send(&Row{Id: id, Name: rowName(id)}); err != nil {
			return err
		}
	}
	return nil
}

func (s server) RowsAtOnce(request *Count, stream Bench_RowsAtOnceServer) error {
	return s.Rows(request, stream)
}

func (server) Change(stream Bench_ChangeServer) error {
	for {
		row, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(&Row{Id: row.Id + 1, Name: row.Name}); err != nil {
			return err
		}
	}
}

func (server) Blob(_ context.Context, request *Number) (*Bytes, error) {
	return &Bytes{Bytes: blob(request.Number)}, nil
}

func (server) Echo(_ context.Context, request *Bytes) (*Bytes, error) {
	return request, nil
}

type client struct{ stub BenchClient }

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

type rowReader interface{ Recv() (*Row, error) }

func takeAll(stream rowReader, take func(int32, string) error) error {
	for {
		row, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := take(row.Id, row.Name); err != nil {
			return err
		}
	}
}

func (c client) rows(count int32, atOnce bool, take func(int32, string) error) error {
	request := &Count{Count: count}
	if atOnce {
		stream, err := c.stub.RowsAtOnce(context.Background(), request)
		if err != nil {
			return err
		}
		return takeAll(stream, take)
	}
	stream, err := c.stub.Rows(context.Background(), request)
	if err != nil {
		return err
	}
	return takeAll(stream, take)
}

func (c client) change(count int32, take func(int32, string) error) error {
	stream, err := c.stub.Change(context.Background())
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		for id := int32(0); id < count; id++ {
			if err := stream.Send(&Row{Id: id, Name: rowName(id)}); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	if err := takeAll(stream, take); err != nil {
		return err
	}
	return <-sent
}

func main() {
	path := os.Args[2]
	dial := func() connection {
		channel, err := grpc.Dial("unix:"+path, grpc.WithInsecure(), grpc.WithBlock())
		check(err)
		return client{NewBenchClient(channel)}
	}
	switch os.Args[1] {
	case "server":
		obey(map[string]func(given) interface{}{"open": func(given) interface{} {
			listener, err := net.Listen("unix", path)
			check(err)
			serving := grpc.NewServer()
			RegisterBenchServer(serving, server{})
			go func() { check(serving.Serve(listener)) }()
			return nil
		}})
	case "client":
		runClient(dial)
	default:
		runCold(dial)
	}
}
