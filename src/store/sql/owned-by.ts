import type { OrderAccess } from '../../order/access.ts';
import type { Statement } from './statement.ts';

const ALL: Statement = { name: '', text: '', values: [] };

/**
 * A further condition for a query of one order `o`, so that it finds only an order that the access allows.
 * @returns `text` to append to the condition, `name` to append to the name of the query
 */
export function ownedBy(access: OrderAccess): Statement {
  switch (access.kind) {
    case 'all':
      return ALL;
    case 'customer':
      return { name: ' of a customer', text: ' AND o.customer_id = ?', values: [access.customerId] };
    case 'merchant':
      return { name: ' of a merchant', text: ' AND o.merchant_id = ?', values: [access.merchantId] };
  }
}
