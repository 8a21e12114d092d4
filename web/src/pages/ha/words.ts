// Words about HA.
export const HOW: Record<string, string> = {
  pacemaker: "Pacemaker",
  "shared-devices": "nobody that answers",
};

export function yes(value: boolean | null | undefined): string {
  return value === null || value === undefined ? "not known" : value ? "yes" : "no";
}
