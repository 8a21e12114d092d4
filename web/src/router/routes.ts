// Which page an address stands for.

export interface Match {
  page: string;
  id: string;
}

const LISTS = ["servers", "filesystems", "targets", "devices", "ha-clusters", "jobs"];

/** The page of a path, and the id in it. */
export function match(path: string): Match {
  const parts = path.split("/").filter(Boolean);
  const [first = "overview", second, ...rest] = parts;
  if (parts.length <= 1) return { page: first, id: "" };
  if (LISTS.includes(first) && second && rest.length === 0)
    return { page: `${first}/one`, id: decode(second) };
  if (first === "docs" && second === "errors" && rest.length === 1)
    return { page: "docs/errors", id: rest[0] ?? "" };
  return { page: "none", id: "" };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a thing. */
export function hrefOf(noun: string, id: string): string {
  const list =
    { server: "servers", target: "targets", filesystem: "filesystems", device: "devices" }[noun] ??
    (noun === "ha-cluster" ? "ha-clusters" : noun === "job" ? "jobs" : noun);
  return `/${list}/${encodeURIComponent(id)}`;
}
