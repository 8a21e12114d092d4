// Which rows of a long list are to be drawn, and which blocks to be read.

/** Rows in a block: what one request asks for. */
export const BLOCK = 100;

export interface Span {
  first: number;
  last: number;
}

/** Rows in sight, and a few around; `last` is exclusive. */
export function span(top: number, height: number, row: number, total: number): Span {
  const around = 8;
  const first = Math.max(0, Math.floor(top / row) - around);
  const last = Math.min(total, Math.ceil((top + height) / row) + around);
  return { first: Math.min(first, last), last };
}

/** Blocks that a span touches. At least the first, so that a total is known. */
export function blocks({ first, last }: Span): number[] {
  const from = Math.floor(first / BLOCK);
  const to = Math.max(from, Math.floor((last - 1) / BLOCK));
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
