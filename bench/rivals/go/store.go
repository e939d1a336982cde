package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kgo"
)

const batchSize = 500

const schema = `
CREATE TABLE IF NOT EXISTS orders (
	id text PRIMARY KEY, customer_id text NOT NULL, merchant_id text NOT NULL, currency text NOT NULL,
	items jsonb NOT NULL, metadata jsonb NOT NULL, total bigint NOT NULL, status text NOT NULL,
	version integer NOT NULL, created_at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer_id, created_at);
CREATE INDEX IF NOT EXISTS orders_by_merchant ON orders (merchant_id, created_at);
CREATE TABLE IF NOT EXISTS order_history (
	order_id text NOT NULL, version integer NOT NULL, status text NOT NULL, at timestamptz NOT NULL,
	PRIMARY KEY (order_id, version));`

// A record that was read twice changes nothing the second time.
const insert = `
WITH placed AS (
	INSERT INTO orders
	SELECT id, customer, merchant, currency, items::jsonb, metadata::jsonb, total, 'confirmed', 1, created::timestamptz
	FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[])
		AS batch (id, customer, merchant, currency, items, metadata, total, created)
	ON CONFLICT (id) DO NOTHING
	RETURNING id)
INSERT INTO order_history SELECT id, 1, 'confirmed', now() FROM placed`

// Connects, and creates the tables that are missing.
func openStore(ctx context.Context, url string) (*pgxpool.Pool, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, schema); err != nil {
		pool.Close()
		return nil, fmt.Errorf("create the tables: %w", err)
	}
	return pool, nil
}

// Stores every order of the topic, in batches, and commits the offsets of a batch after it is stored.
func storeOrders(ctx context.Context, topic string, pool *pgxpool.Pool) error {
	consumer, err := kgo.NewClient(
		kgo.SeedBrokers(os.Getenv("KAFKA_BROKERS")),
		kgo.ConsumerGroup(os.Getenv("KAFKA_GROUP_ID")),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		// The partitions of a killed process move after this time; franz-go's default is 45 s.
		kgo.SessionTimeout(15*time.Second),
	)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for {
		fetches := consumer.PollRecords(ctx, batchSize)
		if ctx.Err() != nil {
			return nil
		}
		fetches.EachError(func(_ string, partition int32, err error) { log.Printf("partition %d: %v", partition, err) })
		if records := fetches.Records(); len(records) > 0 {
			if err := untilStored(ctx, pool, records); err != nil {
				return err
			}
			// Offsets that are not committed are read again, which changes nothing.
			if err := consumer.CommitRecords(ctx, records...); err != nil && ctx.Err() == nil {
				log.Printf("commit offsets: %v", err)
			}
		}
		consumer.AllowRebalance()
	}
}

// Tries again until the database has the batch.
func untilStored(ctx context.Context, pool *pgxpool.Pool, records []*kgo.Record) error {
	for {
		err := store(ctx, pool, records)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		var unreadable *json.SyntaxError
		if errors.As(err, &unreadable) {
			return err
		}
		log.Printf("store a batch: %v", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func store(ctx context.Context, pool *pgxpool.Pool, records []*kgo.Record) error {
	var ids, customers, merchants, currencies, items, metadata, created []string
	var totals []int64
	for _, record := range records {
		var order placedOrder
		if err := json.Unmarshal(record.Value, &order); err != nil {
			return err
		}
		orderItems, err := json.Marshal(order.Items)
		if err != nil {
			return err
		}
		orderMetadata, err := json.Marshal(order.Metadata)
		if err != nil {
			return err
		}
		ids = append(ids, order.ID)
		customers = append(customers, order.CustomerID)
		merchants = append(merchants, order.MerchantID)
		currencies = append(currencies, order.Currency)
		items = append(items, string(orderItems))
		metadata = append(metadata, string(orderMetadata))
		totals = append(totals, order.Total)
		created = append(created, order.CreatedAt)
	}
	_, err := pool.Exec(ctx, insert, ids, customers, merchants, currencies, items, metadata, totals, created)
	return err
}
