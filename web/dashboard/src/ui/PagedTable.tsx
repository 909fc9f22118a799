import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import type { KeyboardEvent, ReactNode } from "react";
import { Icon } from "./icons";

export interface Column<Row> {
  /** also the name of the value on a card */
  title: string;
  cell: (row: Row) => ReactNode;
  /** numbers: at the right */
  align?: "right";
  /** left out on cards */
  wideOnly?: boolean;
  /** the heading of a card; the first column where none is */
  heading?: boolean;
}

/**
 * Rows that become cards on a phone. With `onOpen` each row is opened by click, Enter or Space; arrows, Home and End go
 * from row to row. `hasMore` and `more` as `useList` gives them.
 */
export function PagedTable<Row>({
  label,
  rows,
  columns,
  keyOf,
  onOpen,
  openLabel,
  selected,
  hasMore = false,
  more,
  isReadingMore = false,
  empty,
  total,
}: {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string | number;
  onOpen?: (row: Row) => void;
  /** what opening a row means, for screen readers: "Open decision 12" */
  openLabel?: (row: Row) => string;
  selected?: (row: Row) => boolean;
  hasMore?: boolean;
  more?: () => void;
  isReadingMore?: boolean;
  empty?: ReactNode;
  total?: number;
}) {
  if (rows.length === 0 && empty) return <>{empty}</>;
  const heading = Math.max(
    0,
    columns.findIndex((column) => column.heading),
  );

  const move = (event: KeyboardEvent<HTMLTableSectionElement>) => {
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-row-opener]")];
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const to =
      event.key === "ArrowDown" ? at + 1 : event.key === "ArrowUp" ? at - 1 : event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : -1;
    const next = all[to];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  };

  return (
    <div className="paged-table">
      <div className="table-scroll" role="region" aria-label={label} tabIndex={0}>
        <table aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.title} scope="col" data-align={column.align}>
                  {column.title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={move}>
            {rows.map((row) => (
              <tr
                key={keyOf(row)}
                data-opens={onOpen ? true : undefined}
                data-selected={selected?.(row) || undefined}
                onClick={
                  onOpen &&
                  ((event) => {
                    if (!(event.target as HTMLElement).closest("a,button,input,label")) onOpen(row);
                  })
                }
              >
                {columns.map((column, at) => (
                  <td
                    key={column.title}
                    data-label={column.title}
                    data-align={column.align}
                    data-wide-only={column.wideOnly || undefined}
                    data-heading={at === heading || undefined}
                  >
                    {at === heading && onOpen ? (
                      <UnstyledButton data-row-opener className="row-opener" onClick={() => onOpen(row)} aria-label={openLabel?.(row)}>
                        {column.cell(row)}
                      </UnstyledButton>
                    ) : (
                      <div className="cell">{column.cell(row)}</div>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Group justify="space-between" mt="xs" gap="xs">
        <Text size="xs" c="dimmed" role="status">
          {rows.length === 1 ? "1 row" : `${rows.length} rows`}
          {total !== undefined ? ` of ${total}` : hasMore ? ", there are more" : ""}
        </Text>
        {hasMore && more && (
          <Button variant="default" size="compact-md" onClick={more} loading={isReadingMore} leftSection={<Icon name="down" size={16} />}>
            Show more
          </Button>
        )}
      </Group>
    </div>
  );
}
