// What two texts have not in common, line by line (Myers' way).

export interface DiffLine {
  kind: "same" | "old" | "new";
  text: string;
  /** Its number in the old and in the new text, from 1. */
  old?: number;
  now?: number;
}

/** More differences than this are shown as all old, then all new. */
const WORK_MAX = 4_000;

export function diff(old: string, now: string): DiffLine[] {
  const [a, b] = [split(old), split(now)];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  )
    tail += 1;
  const found: DiffLine[] = [];
  const same = (from: number, to: number, shift: number) => {
    for (let i = from; i < to; i += 1)
      found.push({ kind: "same", text: a[i] ?? "", old: i + 1, now: i + 1 + shift });
  };
  same(0, head, 0);
  const pairs = common(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  let [x, y] = [head, head];
  const until = (endX: number, endY: number) => {
    for (; x < endX; x += 1) found.push({ kind: "old", text: a[x] ?? "", old: x + 1 });
    for (; y < endY; y += 1) found.push({ kind: "new", text: b[y] ?? "", now: y + 1 });
  };
  for (const [i, j] of pairs) {
    until(head + i, head + j);
    same(x, x + 1, y - x);
    x += 1;
    y += 1;
  }
  until(a.length - tail, b.length - tail);
  same(a.length - tail, a.length, b.length - a.length);
  return found;
}

function split(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Pairs of places of a longest common sequence, in order. */
function common(a: string[], b: string[]): [number, number][] {
  const [n, m] = [a.length, b.length];
  const far = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= Math.min(n + m, WORK_MAX); d += 1) {
    trace.push(new Map(far));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
      let x = down ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x += 1;
      far.set(k, x);
      if (x >= n && x - k >= m) return walk(trace, n, m);
    }
  }
  return [];
}

function walk(trace: Map<number, number>[], n: number, m: number): [number, number][] {
  const pairs: [number, number][] = [];
  let [x, y] = [n, m];
  for (let d = trace.length - 1; d >= 0; d -= 1) {
    const far = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const fromX = far.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > Math.max(fromX, 0) && y > Math.max(fromY, 0)) {
      x -= 1;
      y -= 1;
      pairs.push([x, y]);
    }
    if (d > 0) [x, y] = [fromX, fromY];
  }
  return pairs.reverse();
}

/** Only what differs, and `around` lines about it; `gap` stands for those left out. */
export function hunks(lines: DiffLine[], around = 3): (DiffLine | { kind: "gap"; n: number })[] {
  const isNear = new Array<boolean>(lines.length).fill(false);
  for (const [i, line] of lines.entries())
    if (line.kind !== "same")
      for (let j = Math.max(0, i - around); j <= Math.min(lines.length - 1, i + around); j += 1)
        isNear[j] = true;
  const found: (DiffLine | { kind: "gap"; n: number })[] = [];
  for (const [i, line] of lines.entries()) {
    if (isNear[i]) {
      found.push(line);
      continue;
    }
    const last = found.at(-1);
    if (last?.kind === "gap") last.n += 1;
    else found.push({ kind: "gap", n: 1 });
  }
  return found;
}
