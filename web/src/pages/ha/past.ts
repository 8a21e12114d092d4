// What Pacemaker did last, and why, as far as it is told: the operations that
// nodes remember, fencing, nodes, constraints. Nothing is concluded here that
// is not written there.

export interface Operation {
  resource?: string;
  node?: string;
  task?: string;
  code?: number;
  said?: string;
  clock?: string;
  at?: string | null;
}
interface Fenced {
  target?: string;
  action?: string;
  status?: string;
  at?: string | null;
}
interface Cluster {
  operations?: Operation[];
  fence_history: Fenced[];
  nodes: { name?: string; state?: string }[];
  constraints: { id?: string; kind?: string; resource?: string; with?: string }[];
  maintenance: boolean;
}

/** Operations further apart than this belong to different changes, seconds. */
const GAP_S = 60;
/** A cause may come this long before the first operation, seconds. */
const BEFORE_S = 300;

export interface Past {
  /** When the last operation ended, as told: with or without an offset. */
  at: string;
  /** What became of each resource. */
  did: { text: string; isWell: boolean }[];
  /** Why, as far as it is told. */
  why: string[];
}

/** Seconds of an operation; of its own clock where no offset is told. */
function seconds(one: { at?: string | null; clock?: string }): number {
  return Date.parse(one.at ?? (one.clock ?? "").replace(" ", "T")) / 1000;
}

/**
 * The operations of the last change: those that follow close upon each other.
 * What came before a fencing is another change than what came after it.
 */
export function lastOf(operations: Operation[], fenced: number[] = []): Operation[] {
  const known = operations.filter((one) => !Number.isNaN(seconds(one)));
  known.sort((a, b) => seconds(b) - seconds(a));
  const end = known.findIndex((one, i) => {
    const next = known[i + 1];
    if (next === undefined) return false;
    const [later, earlier] = [seconds(one), seconds(next)];
    return later - earlier > GAP_S || fenced.some((at) => earlier < at && at <= later);
  });
  return (end < 0 ? known : known.slice(0, end + 1)).reverse();
}

function didOf(operations: Operation[]): Past["did"] {
  const did: Past["did"] = [];
  const from = new Map<string, string>();
  for (const { resource = "?", node = "?", task = "?", code = 0, said = "" } of operations) {
    if (code !== 0) {
      did.push({
        text: `${resource}: ${task} on ${node} failed${said ? ` (${said})` : ""}`,
        isWell: false,
      });
    } else if (task === "stop") from.set(resource, node);
    else if (task === "start") {
      const old = from.get(resource);
      from.delete(resource);
      did.push({
        text:
          old && old !== node
            ? `${resource} moved from ${old} to ${node}`
            : `${resource} was started on ${node}`,
        isWell: true,
      });
    } else did.push({ text: `${resource}: ${task} on ${node}`, isWell: true });
  }
  for (const [resource, node] of from)
    did.push({ text: `${resource} was stopped on ${node}`, isWell: true });
  return did;
}

const STATES: Record<string, string> = {
  standby: "is in standby: it runs nothing, by order",
  maintenance: "is in maintenance: nothing is started or stopped on it",
  offline: "is not joined",
  unclean: "is lost, and not yet known to be off",
  pending: "is joining",
};

function whyOf(ha: Cluster, operations: Operation[]): string[] {
  const why: string[] = [];
  const [first, last] = [operations[0], operations.at(-1)];
  const begun = first?.at ? seconds(first) : Number.NaN;
  const ended = last?.at ? seconds(last) : Number.NaN;
  for (const { target, action, status, at } of ha.fence_history) {
    const when = Date.parse(at ?? "") / 1000;
    if (when < begun - BEFORE_S || when > ended + GAP_S || Number.isNaN(when + begun + ended))
      continue;
    why.push(`${target} was fenced (${action}: ${status})`);
  }
  for (const { resource, node, task, code } of operations)
    if (code) why.push(`${resource} could not ${task === "monitor" ? "go on" : task} on ${node}`);
  for (const { name, state = "" } of ha.nodes)
    if (STATES[state]) why.push(`${name} ${STATES[state]}`);
  const touched = new Set(operations.map(({ resource }) => resource));
  for (const { id = "", resource, with: node } of ha.constraints) {
    if (!touched.has(resource)) continue;
    if (id.startsWith("cli-prefer")) why.push(`somebody asked for ${resource} to run on ${node}`);
    if (id.startsWith("cli-ban")) why.push(`somebody keeps ${resource} off ${node}`);
  }
  if (ha.maintenance)
    why.push("the cluster is in maintenance: nothing is started or stopped by itself");
  return [...new Set(why)];
}

/** What was done last; none where no operation is told. */
export function pastOf(ha: Cluster): Past | undefined {
  const fenced = ha.fence_history.map(({ at }) => Date.parse(at ?? "") / 1000);
  const operations = lastOf([...(ha.operations ?? [])], fenced);
  const last = operations.at(-1);
  if (!last) return undefined;
  return {
    at: last.at ?? last.clock ?? "",
    did: didOf(operations),
    why: whyOf(ha, operations),
  };
}
