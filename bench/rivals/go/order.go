package main

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"unicode/utf8"
)

type item struct {
	SKU       string `json:"sku"`
	Name      string `json:"name,omitempty"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"`
}

type newOrder struct {
	CustomerID string            `json:"customerId"`
	MerchantID string            `json:"merchantId"`
	Currency   string            `json:"currency"`
	Items      []item            `json:"items"`
	Metadata   map[string]string `json:"metadata,omitempty"`
}

// The event in the log, and the row in the store.
type placedOrder struct {
	ID        string `json:"id"`
	CreatedAt string `json:"createdAt"`
	Total     int64  `json:"total"`
	newOrder
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)
	currency   = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Reads one order. Unknown fields and wrong types are refused.
func readOrder(body io.Reader) (order newOrder, total int64, err error) {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&order); err != nil {
		return order, 0, err
	}
	total, err = order.check()
	return order, total, err
}

// Returns the order's total.
func (order *newOrder) check() (int64, error) {
	switch {
	case !identifier.MatchString(order.CustomerID):
		return 0, errors.New("customerId is not an identifier")
	case !identifier.MatchString(order.MerchantID):
		return 0, errors.New("merchantId is not an identifier")
	case !currency.MatchString(order.Currency):
		return 0, errors.New("currency is not a code of three letters")
	case len(order.Items) < 1 || len(order.Items) > 100:
		return 0, errors.New("items must have 1 to 100 entries")
	case len(order.Metadata) > 20:
		return 0, errors.New("metadata must have 20 pairs at most")
	}
	total := int64(0)
	for _, item := range order.Items {
		switch {
		case !identifier.MatchString(item.SKU):
			return 0, errors.New("sku is not an identifier")
		case utf8.RuneCountInString(item.Name) > 200:
			return 0, errors.New("name is longer than 200 characters")
		case item.Quantity < 1 || item.Quantity > 1000:
			return 0, errors.New("quantity must be 1 to 1000")
		case item.UnitPrice < 0 || item.UnitPrice > 1_000_000_000:
			return 0, errors.New("unitPrice must be 0 to 1000000000")
		}
		total += item.Quantity * item.UnitPrice
	}
	for key, value := range order.Metadata {
		if utf8.RuneCountInString(key) > 64 || utf8.RuneCountInString(value) > 500 {
			return 0, errors.New("a metadata pair is too long")
		}
	}
	return total, nil
}
