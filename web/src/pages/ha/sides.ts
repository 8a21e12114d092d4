// Which of the four that know a target disagree, by the code that says so.

export type Side = "pacemaker" | "mounts" | "written" | "spec";

const SIDES: Record<string, Side[]> = {
  "ha-disagrees": ["pacemaker", "mounts"],
  "ha-resource-failed": ["pacemaker"],
  "target-mounted-twice": ["mounts"],
  "target-unmounted": ["mounts"],
  "target-stale": ["mounts"],
  "target-away-from-home": ["mounts", "written"],
  "target-not-registered": ["written"],
  "target-missing": ["written"],
  "target-on-two-devices": ["written"],
  "spec-differs": ["spec"],
};

/** The sides to be marked. A code that is new here marks none. */
export function marked(disagreements: { code: string }[]): Set<Side> {
  return new Set(disagreements.flatMap(({ code }) => SIDES[code] ?? []));
}
