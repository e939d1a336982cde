// A small order service: net/http and franz-go. With DATABASE_URL it also stores the orders in PostgreSQL.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"
)

const ackTimeout = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	topic := os.Getenv("TOPIC")
	producer, err := kgo.NewClient(
		kgo.SeedBrokers(os.Getenv("KAFKA_BROKERS")),
		kgo.DefaultProduceTopic(topic),
		// acks=all and idempotence are franz-go's defaults.
		kgo.RecordDeliveryTimeout(ackTimeout),
		// Records that wait for a request in flight share the next one anyway.
		kgo.ProducerLinger(0),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Close()
	stored := make(chan struct{})
	if url := os.Getenv("DATABASE_URL"); url != "" {
		pool, err := openStore(ctx, url)
		if err != nil {
			log.Fatal(err)
		}
		defer pool.Close()
		go func() {
			defer close(stored)
			if err := storeOrders(ctx, topic, pool); err != nil {
				log.Fatal(err)
			}
		}()
	} else {
		close(stored)
	}

	routes := http.NewServeMux()
	routes.Handle("POST /v1/orders", placeOrder(producer))
	server := &http.Server{Addr: "127.0.0.1:" + os.Getenv("PORT"), Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-ctx.Done()
		// Requests in progress are answered first.
		if err := server.Shutdown(context.Background()); err != nil {
			log.Print(err)
		}
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-closed
	<-stored
}

// Returns when every in-sync replica has the record, or after the timeout. (A record that is on its way to a broker which
// does not answer cannot be cancelled, so ProduceSync could wait for longer.)
func produce(ctx context.Context, producer *kgo.Client, record *kgo.Record) error {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	done := make(chan error, 1)
	producer.Produce(ctx, record, func(_ *kgo.Record, err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

type acceptedOrder struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Total     int64  `json:"total"`
	Currency  string `json:"currency"`
	CreatedAt string `json:"createdAt"`
}

// Answers 202 when every in-sync replica has the order.
func placeOrder(producer *kgo.Client) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		order, total, err := readOrder(http.MaxBytesReader(response, request.Body, 64<<10))
		if err != nil {
			http.Error(response, err.Error(), http.StatusBadRequest)
			return
		}
		id, err := uuid.NewV7()
		if err != nil {
			http.Error(response, "no id", http.StatusInternalServerError)
			return
		}
		placed := placedOrder{id.String(), time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), total, order}
		value, err := json.Marshal(placed)
		if err != nil {
			http.Error(response, "not encoded", http.StatusInternalServerError)
			return
		}
		if err := produce(request.Context(), producer, &kgo.Record{Key: []byte(placed.ID), Value: value}); err != nil {
			http.Error(response, "the order log does not answer", http.StatusServiceUnavailable)
			return
		}
		response.Header().Set("Content-Type", "application/json; charset=utf-8")
		response.Header().Set("Location", "/v1/orders/"+placed.ID)
		response.WriteHeader(http.StatusAccepted)
		// A failed write means that the client has gone.
		_ = json.NewEncoder(response).Encode(acceptedOrder{placed.ID, "accepted", total, order.Currency, placed.CreatedAt})
	}
}
