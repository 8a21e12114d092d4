// What a long table is told.
import type { Snippet } from "svelte";

export interface Column<Row> {
  /** Field to sort by; none if it cannot be. */
  sort?: string;
  title: string;
  /** Width as a grid track: `120px`, `minmax(120px, 2fr)`. */
  width: string;
  cell: Snippet<[Row]>;
  /** Narrowest table, in pixels, that shows it; 0 is always. */
  from?: number;
  isNumber?: boolean;
}

export interface Rows<Row> {
  items: Row[];
  total: number;
}
