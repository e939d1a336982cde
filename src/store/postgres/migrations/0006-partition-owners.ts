/**
 * `partition_owners` has a row for each partition that was ever owned; `owner` is empty once it was released. `lone_orders` has
 * the orders that are or were processed alone after unclean ends.
 */
export const partitionOwners = `
CREATE TABLE partition_owners (
  topic        text COLLATE "C" NOT NULL,
  partition    bigint NOT NULL,
  owner        text COLLATE "C" NOT NULL,
  unclean_ends bigint NOT NULL,
  PRIMARY KEY (topic, partition)
);

CREATE TABLE lone_orders (
  order_id     text COLLATE "C" PRIMARY KEY,
  topic        text COLLATE "C" NOT NULL,
  partition    bigint NOT NULL,
  owner        text COLLATE "C" NOT NULL,
  unclean_ends bigint NOT NULL
);
`;
