// Where the steps of a plan or job are drawn: a column for each stage, a lane
// for each server. Servers that do the same are folded into one lane.

export interface Drawn {
  number: number;
  server: { id: string; name: string };
  title: string;
  kind: string;
  after: number[];
}

/** One step, or in a folded lane all those alike. */
export interface Bead {
  key: string;
  stage: number;
  /** Place in its lane, from the top. */
  row: number;
  steps: number[];
}

export interface Lane {
  key: string;
  servers: { id: string; name: string }[];
  beads: Bead[];
  n_rows: number;
  n_steps: number;
  /** Rows of all lanes above. */
  top: number;
  isFolded: boolean;
  /** Whether folding it draws fewer beads. */
  canFold: boolean;
}

export interface Layout {
  lanes: Lane[];
  n_stages: number;
  n_rows: number;
  /** Where a step is drawn. */
  at: Map<number, { lane: Lane; bead: Bead }>;
}

const byName = new Intl.Collator(undefined, { numeric: true }).compare;

/** The stage of each step: one more than the last of those before it. */
export function stages(steps: Drawn[]): number[] {
  const stage = new Array<number>(steps.length).fill(0);
  // A step's number is its place, and those before it have smaller ones.
  for (const [i, step] of steps.entries())
    for (const before of step.after) stage[i] = Math.max(stage[i] ?? 0, (stage[before] ?? 0) + 1);
  return stage;
}

/** Folds by itself from this many servers, or steps, on. */
const SERVERS_FOLD = 16;
const STEPS_FOLD = 200;

/** Whether a plan of this size is better shown folded at first. */
export function isLarge(n_servers: number, n_steps: number): boolean {
  return n_servers > SERVERS_FOLD || n_steps > STEPS_FOLD;
}

interface Single {
  server: { id: string; name: string };
  steps: number[];
  shape: string;
}

function singles(steps: Drawn[], stage: number[]): Single[] {
  const found = new Map<string, Single>();
  for (const [i, step] of steps.entries()) {
    let lane = found.get(step.server.id);
    if (!lane) {
      lane = { server: step.server, steps: [], shape: "" };
      found.set(step.server.id, lane);
    }
    lane.steps.push(i);
  }
  for (const lane of found.values())
    lane.shape = lane.steps
      .map((i) => `${stage[i]} ${steps[i]?.kind}`)
      .sort()
      .join(",");
  return [...found.values()].sort((a, b) => byName(a.server.name, b.server.name));
}

function beadsOf(
  key: string,
  members: number[],
  steps: Drawn[],
  stage: number[],
  isFolded: boolean,
): Bead[] {
  const beads = new Map<string, Bead>();
  const rows = new Map<number, number>();
  for (const i of members) {
    const at = stage[i] ?? 0;
    const name = isFolded ? `${key}-${at}-${steps[i]?.kind}` : `${key}-${i}`;
    const bead = beads.get(name);
    if (bead) {
      bead.steps.push(i);
      continue;
    }
    const row = rows.get(at) ?? 0;
    rows.set(at, row + 1);
    beads.set(name, { key: name, stage: at, row, steps: [i] });
  }
  return [...beads.values()];
}

/**
 * Lays steps out. `isFolding` folds lanes alike; those in `open` stay as they
 * are (a lane's key, or the key of a fold whose servers are to be seen).
 */
export function layout(steps: Drawn[], isFolding: boolean, open: ReadonlySet<string>): Layout {
  const stage = stages(steps);
  const alike = new Map<string, Single[]>();
  for (const one of singles(steps, stage)) {
    const name = isFolding ? one.shape : one.server.id;
    const group = alike.get(name);
    if (group) group.push(one);
    else alike.set(name, [one]);
  }
  const foldOf = (group: Single[]) => `fold-${group[0]?.server.id}`;
  const groups = [...alike.values()].flatMap((group) =>
    open.has(foldOf(group)) ? group.map((one) => [one]) : [group],
  );
  const lanes: Lane[] = [];
  const at: Layout["at"] = new Map();
  let top = 0;
  for (const group of groups) {
    const key = group.length > 1 ? foldOf(group) : `lane-${group[0]?.server.id}`;
    const members = group.flatMap((one) => one.steps);
    const folded = beadsOf(key, members, steps, stage, true);
    const canFold = folded.length < members.length;
    const isFolded = group.length > 1 || (isFolding && canFold && !open.has(key));
    const beads = isFolded ? folded : beadsOf(key, members, steps, stage, false);
    const n_rows = Math.max(...beads.map((bead) => bead.row + 1));
    const lane: Lane = {
      key,
      servers: group.map((one) => one.server),
      beads,
      n_rows,
      n_steps: members.length,
      top,
      isFolded,
      canFold,
    };
    for (const bead of beads) for (const i of bead.steps) at.set(i, { lane, bead });
    lanes.push(lane);
    top += n_rows;
  }
  return {
    lanes,
    n_stages: stage.reduce((most, one) => Math.max(most, one + 1), 0),
    n_rows: top,
    at,
  };
}

export interface Edge {
  from: number;
  to: number;
}

/** Dependencies that are not said by others already: `a → c` goes where `a → b → c` is. */
export function edges(steps: Drawn[]): Edge[] {
  const found: Edge[] = [];
  for (const [to, step] of steps.entries()) {
    if (step.after.length === 0) continue;
    const said = new Set<number>();
    for (const before of step.after) for (const i of steps[before]?.after ?? []) said.add(i);
    for (const from of step.after) if (!said.has(from)) found.push({ from, to });
  }
  return found;
}

/** Steps that wait for each step. */
export function followers(steps: Drawn[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [to, step] of steps.entries())
    for (const from of step.after) {
      const list = found.get(from);
      if (list) list.push(to);
      else found.set(from, [to]);
    }
  return found;
}

/** Lanes of which something lies between two rows; `last` is exclusive. */
export function lanesBetween(
  lanes: Lane[],
  from: number,
  to: number,
): { first: number; last: number } {
  let low = 0;
  let high = lanes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const lane = lanes[middle];
    if (lane && lane.top + lane.n_rows <= from) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < lanes.length && (lanes[last]?.top ?? 0) < to) last += 1;
  return { first: low, last };
}

/** Several names as one text: `oss1 … oss8 (8)`. */
export function names(servers: { name: string }[]): string {
  const [first, second] = servers;
  const last = servers.at(-1);
  if (!first || !last) return "";
  if (!second) return first.name;
  return servers.length === 2
    ? `${first.name}, ${last.name}`
    : `${first.name} … ${last.name} (${servers.length})`;
}

/** The same where there is little room: `8 like oss1`. */
export function short(servers: { name: string }[]): string {
  return servers.length > 2 ? `${servers.length} like ${servers[0]?.name}` : names(servers);
}
