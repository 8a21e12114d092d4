// Words about HA.
export const HOW: Record<string, string> = {
  pacemaker: "Pacemaker",
  "shared-devices": "nobody that answers",
};

/** Who starts and stops targets, as the spec says it. */
export const MANAGERS: Record<string, string> = {
  pacemaker: "run by Pacemaker",
  none: "mounted by Candela, no fail-over by itself",
  external: "run by somebody else",
};

export function yes(value: boolean | null | undefined): string {
  return value === null || value === undefined ? "not known" : value ? "yes" : "no";
}
