// Which server is home of which target, and who stands in: for the drawing.

export interface Placed {
  label: string;
  home: string;
  heirs: string[];
  ha_group?: string | null;
  devices: string[];
  paths: string[];
  bytes: number;
  holds: string[];
}

export interface Box {
  server: string;
  homes: Placed[];
  /** Targets of others that it may take over. */
  stands: Placed[];
}
export interface Group {
  name: string;
  boxes: Box[];
  bytes: number;
}

const natural = new Intl.Collator(undefined, { numeric: true }).compare;

/** Groups of servers that stand in for each other, each with its targets. */
export function groupsOf(targets: Placed[]): Group[] {
  const groups = new Map<string, Map<string, Box>>();
  const bytes = new Map<string, number>();
  for (const target of targets) {
    const servers = [target.home, ...target.heirs];
    const name = target.ha_group ?? [...servers].sort(natural).join(" + ");
    const boxes = groups.get(name) ?? new Map<string, Box>();
    groups.set(name, boxes);
    bytes.set(name, (bytes.get(name) ?? 0) + target.bytes);
    for (const server of servers) {
      const box = boxes.get(server) ?? { server, homes: [], stands: [] };
      boxes.set(server, box);
      (server === target.home ? box.homes : box.stands).push(target);
    }
  }
  const made = [...groups].map(([name, boxes]) => ({
    name,
    boxes: [...boxes.values()].sort((a, b) => natural(a.server, b.server)),
    bytes: bytes.get(name) ?? 0,
  }));
  return made.sort((a, b) => natural(a.name, b.name));
}

/** What a person should see before the plan: what no finding says. */
export function warningsOf(targets: Placed[]): string[] {
  const warnings: string[] = [];
  const alone = targets.filter((target) => target.heirs.length === 0);
  if (alone.length > 0) {
    const on = [...new Set(alone.map((target) => target.home))];
    warnings.push(
      `${alone.length === targets.length ? "No target" : `${alone.length} of ${targets.length} targets: none`} has a partner that could take it over: while ${on.slice(0, 4).join(", ")}${on.length > 4 ? "…" : ""} ${on.length > 1 ? "are" : "is"} down, files there cannot be reached.`,
    );
  }
  const full = targets.filter((target) => target.holds.length > 0);
  if (full.length > 0)
    warnings.push(
      `What is on the devices of ${full
        .slice(0, 4)
        .map((target) => target.label)
        .join(", ")}${full.length > 4 ? "…" : ""} now is lost.`,
    );
  const osts = targets.filter((target) => /-OST/.test(target.label));
  const sizes = new Set(osts.map((target) => target.bytes));
  if (sizes.size > 1)
    warnings.push("Its OSTs are not of one size: the small ones are full before the others.");
  return warnings;
}
