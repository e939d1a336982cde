/** A page ends before the row that would bring it over this size, but has at least one row. */
export const MAX_PAGE_BYTES = 1024 * 1024;

/** Of a page that is read and encoded in less than a millisecond. */
export const SMALL_PAGE_BYTES = 64 * 1024;

/** A row of a list, with the bytes of its columns of unlimited length. */
export interface SizedRow {
  bytes: number;
}

/** The rows of a page. @param rows as `SqlClient.page` returns them: any row after the page shows that there is a next one */
export function pageOf<Row extends SizedRow>(rows: Row[], limit: number, maxBytes = MAX_PAGE_BYTES): Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, index) => {
    bytes += row.bytes;
    return index === limit || (index > 0 && bytes > maxBytes);
  });
  return end === -1 ? rows : rows.slice(0, end);
}
