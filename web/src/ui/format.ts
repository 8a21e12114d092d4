// How amounts, times and states are written.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** `1.5 TiB`: three digits at most. */
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return "–";
  let value = n;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${trim(value.toFixed(digits))} ${UNITS[unit]}`;
}

/** `1.2 M`: counts, short. */
export function count(n: number | null | undefined): string {
  if (n === null || n === undefined) return "–";
  if (n < 10_000) return String(n);
  const steps: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  const [size, letter] = steps.find(([size]) => n >= size) ?? [1, ""];
  const value = n / size;
  return `${trim(value.toFixed(value >= 100 ? 0 : 1))} ${letter}`;
}

function trim(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** `3 min`: the largest unit that fits. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 172_800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} days`;
}

/** `3 min ago`. */
export function ago(at: string | null | undefined, now: number): string {
  if (!at) return "never";
  const seconds = (now - Date.parse(at)) / 1000;
  if (Number.isNaN(seconds)) return at;
  if (seconds < 2) return "now";
  return `${duration(seconds)} ago`;
}

/** The reader's own clock: `21 Nov 2026, 07:28:57`. */
export function moment(at: string | null | undefined): string {
  if (!at) return "";
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  return date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export type Tone = "good" | "warn" | "bad" | "busy" | "none";

const TONES: Record<string, Tone> = {
  healthy: "good",
  mounted: "good",
  online: "good",
  up: "good",
  started: "good",
  certain: "good",
  active: "good",
  running: "good",
  info: "none",
  good: "good",
  degraded: "warn",
  recovering: "warn",
  stale: "warn",
  warning: "warn",
  standby: "warn",
  maintenance: "warn",
  pending: "warn",
  weak: "warn",
  down: "bad",
  failed: "bad",
  faulted: "bad",
  "mounted-twice": "bad",
  missing: "bad",
  offline: "bad",
  unclean: "bad",
  error: "bad",
  revoked: "bad",
  conflict: "bad",
};

/** The colour of a state. A state that is new here is shown without one. */
export function tone(state: string | null | undefined): Tone {
  return TONES[(state ?? "").toLowerCase()] ?? "none";
}

/** Used part of a whole, 0 to 1; `undefined` where it cannot be told. */
export function used(
  total: number | null | undefined,
  free: number | null | undefined,
): number | undefined {
  if (!total || free === null || free === undefined) return undefined;
  return Math.min(1, Math.max(0, (total - free) / total));
}

/** A sentence less the name it begins with, to stand after that name. */
export function without(text: string, name: string): string {
  return text.startsWith(`${name} `) ? text.slice(name.length + 1) : text;
}
