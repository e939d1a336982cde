import type { AcceptedOrder } from './commands.ts';
import type { NewOrder } from './order.ts';

/**
 * An order as its record has it. `items` and `metadata` stay JSON text, which the store keeps as it is, and are parsed when
 * they are read: only processor modules read them.
 */
export class RecordedOrder implements AcceptedOrder {
  readonly customerId: string;
  readonly merchantId: string;
  readonly currency: string;
  readonly total: number;
  readonly itemsText: string;
  readonly metadataText: string | undefined;

  constructor(
    { customerId, merchantId, currency, total }: Omit<AcceptedOrder, 'items' | 'metadata'>,
    itemsText: string,
    metadataText: string | undefined,
  ) {
    this.customerId = customerId;
    this.merchantId = merchantId;
    this.currency = currency;
    this.total = total;
    this.itemsText = itemsText;
    this.metadataText = metadataText;
  }

  get items(): NewOrder['items'] {
    return JSON.parse(this.itemsText) as NewOrder['items'];
  }

  get metadata(): NewOrder['metadata'] {
    if (this.metadataText === undefined) return undefined;
    return JSON.parse(this.metadataText) as NewOrder['metadata'];
  }
}

export function itemsText(order: AcceptedOrder): string {
  return order instanceof RecordedOrder ? order.itemsText : JSON.stringify(order.items);
}

/** null without metadata */
export function metadataText(order: AcceptedOrder): string | null {
  if (order instanceof RecordedOrder) return order.metadataText ?? null;
  return order.metadata === undefined ? null : JSON.stringify(order.metadata);
}

/** A plain copy, which shares nothing with the order. */
export function copyOfOrder(order: AcceptedOrder): AcceptedOrder {
  const { customerId, merchantId, currency, items, metadata, total } = order;
  const copy: AcceptedOrder = { customerId, merchantId, currency, items, total };
  if (metadata !== undefined) copy.metadata = metadata;
  // A recorded order parses its text again for each reader.
  return order instanceof RecordedOrder ? copy : structuredClone(copy);
}
