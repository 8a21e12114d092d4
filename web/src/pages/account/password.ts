// What keeps a new password from being taken; the manager judges again.

/** Characters at least, as the manager asks for. */
export const LENGTH_MIN = 12;

/** Why it cannot be sent yet; empty if it can. */
export function wrong(current: string, wanted: string, again: string): string {
  if ([...wanted].length < LENGTH_MIN) return `It needs ${LENGTH_MIN} characters.`;
  if (wanted === current) return "It is the old one.";
  if (again !== wanted) return "The two are not the same.";
  return current ? "" : "The current one is missing.";
}
