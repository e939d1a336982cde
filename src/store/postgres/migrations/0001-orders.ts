/**
 * Every list filter has an index that ends in created_at and seq, so each page is one range scan in list order. Items and
 * metadata are JSON that is returned unchanged, so they are stored as text. Ids compare by bytes, as in the whole service.
 * `partition` and `"offset"` of a change identify its command record.
 *
 * `change_counter` numbers the changes without gaps: see `numbersChanges` in target.ts.
 */
export const orders = `
CREATE TABLE orders (
  seq         bigint GENERATED ALWAYS AS IDENTITY,
  id          text COLLATE "C" PRIMARY KEY,
  customer_id text COLLATE "C" NOT NULL,
  merchant_id text COLLATE "C" NOT NULL,
  currency    text NOT NULL,
  total       bigint NOT NULL CHECK (total >= 0),
  status      text COLLATE "C" NOT NULL,
  version     bigint NOT NULL CHECK (version >= 1),
  items       text NOT NULL,
  metadata    text,
  fingerprint text,
  placed_by   text NOT NULL,
  created_at  bigint NOT NULL,
  updated_at  bigint NOT NULL
);

CREATE INDEX orders_by_time     ON orders (created_at, seq);
CREATE INDEX orders_by_customer ON orders (customer_id, created_at, seq);
CREATE INDEX orders_by_merchant ON orders (merchant_id, created_at, seq);
CREATE INDEX orders_by_status   ON orders (status, created_at, seq);

CREATE TABLE order_history (
  order_id  text COLLATE "C" NOT NULL,
  version   bigint NOT NULL,
  status    text NOT NULL,
  at        bigint NOT NULL,
  reason    text,
  partition bigint NOT NULL,
  "offset"  bigint NOT NULL,
  seq       bigint,
  PRIMARY KEY (order_id, version)
);

CREATE UNIQUE INDEX order_history_by_seq ON order_history (seq) WHERE seq IS NOT NULL;

CREATE TABLE change_counter (last bigint NOT NULL);

INSERT INTO change_counter VALUES (0);

CREATE TABLE progress (
  topic       text COLLATE "C" NOT NULL,
  partition   bigint NOT NULL,
  next_offset bigint NOT NULL CHECK (next_offset >= 0),
  PRIMARY KEY (topic, partition)
);

CREATE FUNCTION expect_rows(changed bigint, expected bigint, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF changed <> expected THEN
    RAISE EXCEPTION USING ERRCODE = 'OS001', MESSAGE = what;
  END IF;
END $$;
`;
