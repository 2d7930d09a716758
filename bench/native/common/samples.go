// What the Go peers send and check, the same as the peers of Node do.
package main

import (
	"errors"
	"fmt"
	"sync"
)

const (
	blobBytes = 1 << 20
	blobCount = 8
)

var blobsOnce sync.Once
var blobs [blobCount][]byte

// Made at the first call, so that the memory of whoever sends none does not show them.
func blob(number int32) []byte {
	blobsOnce.Do(makeBlobs)
	return blobs[number]
}

func makeBlobs() {
	for number := range blobs {
		blobs[number] = make([]byte, blobBytes)
		for at := range blobs[number] {
			blobs[number][at] = byteAt(number, at)
		}
	}
}

func byteAt(number, at int) byte {
	return byte(number*31 + at + (at >> 8) + (at >> 16))
}

func checkBlob(bytes []byte, number int) error {
	if len(bytes) != blobBytes {
		return fmt.Errorf("wrong length: %d", len(bytes))
	}
	for at := 0; at < blobBytes; at += 16383 {
		if bytes[at] != byteAt(number, at) {
			return fmt.Errorf("wrong byte at %d of blob %d", at, number)
		}
	}
	if bytes[blobBytes-1] != byteAt(number, blobBytes-1) {
		return errors.New("wrong last byte")
	}
	return nil
}

func rowName(id int32) string {
	return fmt.Sprintf("row %d", id)
}

// Takes rows that must come in order: it looks at every id, and at one name in 64.
type rowCheck struct {
	firstID, taken int32
}

func (r *rowCheck) take(id int32, name string) error {
	at := r.taken
	r.taken++
	if id != r.firstID+at || (at%64 == 0 && name != rowName(at)) {
		return fmt.Errorf("wrong row at %d: %d %s", at, id, name)
	}
	return nil
}

func (r *rowCheck) end(count int32) error {
	if r.taken != count {
		return fmt.Errorf("%d of %d rows came", r.taken, count)
	}
	return nil
}

// The two generators of code give their messages the same fields.
func newOrder(number int32) *Order {
	titles := []string{"Punched cards", "Brass gears", "Crank handle", "Printing ink", "Number wheels", "Oil, half a pint"}
	order := &Order{
		Id:        number,
		Reference: fmt.Sprintf("order %d", number),
		Paid:      number%2 == 0,
		Customer: &Customer{
			Name:    "Ada Lovelace",
			Email:   "ada@example.org",
			Address: &Address{Street: "12 St James Square", City: "London", Postcode: "SW1Y 4JH", Country: "GB"},
			Tags:    []string{"regular", "newsletter", "invoice"},
		},
		Total: &Total{Net: 461.5, Tax: 92.3, Currency: "GBP"},
	}
	for i, title := range titles {
		order.Items = append(order.Items, &Item{
			Sku:      fmt.Sprintf("AE-%d", 1837+i),
			Title:    title,
			Quantity: int32(i + 1),
			Price:    10.25 + float64(i)*12.5,
			Gift:     i == 2,
			Box:      &Box{Width: float64(10 + i), Height: float64(20 + i), Depth: 5.5},
		})
	}
	return order
}

func confirmed(order *Order) *Order {
	order.Id++
	order.Paid = true
	return order
}

func checkConfirmed(order *Order, number int32) error {
	right := order.Id == number+1 && order.Paid && order.Reference == fmt.Sprintf("order %d", number) &&
		order.Customer.Address.Country == "GB" && len(order.Items) == 6 && order.Items[5].Price == 72.75 &&
		order.Total.Currency == "GBP"
	if !right {
		return fmt.Errorf("wrong answer to order %d", number)
	}
	return nil
}
