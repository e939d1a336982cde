/** With a FROM of its own for what is asked; changes that are not numbered have the number 0. */
export const CHANGE_COLUMNS = `coalesce(h.seq, 0) AS seq, h.order_id, o.customer_id, o.merchant_id, h.status, h.version,
  h.at, h.reason, h.partition, h."offset"`;

export const CHANGES_OF_ORDERS = `
  SELECT ${CHANGE_COLUMNS} FROM unnest($1::text[]) WITH ORDINALITY AS asked (order_id, place)
  JOIN order_history h ON h.order_id = asked.order_id JOIN orders o ON o.id = h.order_id
  ORDER BY asked.place, h.version`;
