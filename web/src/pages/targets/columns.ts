// What is said about a target in one line.
import type { Schemas } from "../../api/client";

export function line(row: Schemas["Target"]): string {
  const where = row.mounted_on
    ? `on ${row.mounted_on}`
    : row.state === "missing"
      ? "seen by no server"
      : "mounted nowhere";
  return [where, row.home && row.home !== row.mounted_on ? `home ${row.home}` : "", row.back_end]
    .filter(Boolean)
    .join(" · ");
}
