import type { OrderAccess } from '../../order/access.ts';
import { VIEW_LENGTH, viewOf } from '../../order/view.ts';
import type { ListQuery } from '../order-store.ts';
import { type Cursor, cursorInvalid, formatCursor, parseCursor } from './keyset.ts';

/** The cursors of one list of orders. Each contains the view of the list (order/view.ts). */
export interface ListCursors {
  format(cursor: Cursor): string;
  /** @throws ServiceError `cursor-invalid` */
  parse(text: string): Cursor;
}

export function cursorsOf(
  { cursor: _cursor, limit: _limit, ...filter }: ListQuery,
  access: OrderAccess,
): ListCursors {
  const view = () => viewOf(access, filter);
  return {
    format: (cursor) => formatListCursor({ cursor, view: view() }),
    parse(text) {
      const { cursor, view: foreign } = parseListCursor(text);
      // A cursor without a view comes from a version without authentication: it is only good for callers that may use all orders.
      if (foreign === view() || (foreign === undefined && access.kind === 'all')) return cursor;
      throw cursorInvalid();
    },
  };
}

export interface ListCursor {
  cursor: Cursor;
  /** undefined in cursors of earlier versions */
  view: string | undefined;
}

export function formatListCursor({ cursor, view }: ListCursor): string {
  return view === undefined ? formatCursor(cursor) : `${formatCursor(cursor)}.${view}`;
}

const VIEW = new RegExp(`^[0-9a-f]{${VIEW_LENGTH}}$`);

/** @throws ServiceError `cursor-invalid` */
export function parseListCursor(text: string): ListCursor {
  const at = text.indexOf('.');
  if (at === -1) return { cursor: parseCursor(text), view: undefined };
  const view = text.slice(at + 1);
  if (!VIEW.test(view)) throw cursorInvalid();
  return { cursor: parseCursor(text.slice(0, at)), view };
}
