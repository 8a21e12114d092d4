// Whether a server may be stopped, in one sentence: what the planner answered
// about draining it, and what runs there.

export interface Asked {
  /** Targets that are mounted on it. */
  n_mounted: number;
  /** File systems that it mounts as a client. */
  n_clients: number;
  isOnline: boolean;
  drain?: { is_allowed: boolean; why_not?: string | null; warnings: string[] };
  back?: { is_allowed: boolean };
}

export interface Answer {
  tone: "good" | "warn" | "bad" | "none";
  /** The answer in a few words. */
  word: string;
  text: string;
}

const things = (n: number, one: string) => (n === 1 ? `1 ${one}` : `${n} ${one}s`);

/** Safe now, safe after a drain, or not, and why. */
export function answer({ n_mounted, n_clients, isOnline, drain, back }: Asked): Answer {
  const clients =
    n_clients > 0
      ? ` Programs that use ${things(n_clients, "mount")} of it as a client lose it.`
      : "";
  if (!isOnline)
    return {
      tone: "none",
      word: "not known",
      text: "Its agent is silent: what runs there now is not known.",
    };
  if (n_mounted === 0)
    return {
      tone: n_clients > 0 ? "warn" : "good",
      word: "safe to stop",
      text: `No target is mounted on it${back?.is_allowed ? ", and it is to serve nothing" : "; drain it too, so that none comes while it is worked on"}.${clients}`,
    };
  const serves = `It serves ${things(n_mounted, "target")}`;
  if (!drain?.is_allowed)
    return {
      tone: "bad",
      word: "not safe to stop",
      text: `${serves}. ${drain?.why_not ?? "Nothing says how they could move away."}`,
    };
  if (drain.warnings.length > 0)
    return {
      tone: "warn",
      word: "not all can move",
      text: `${serves}; drain it first. ${drain.warnings.join(" ")}${clients}`,
    };
  return {
    tone: "good",
    word: "safe after a drain",
    text: `${serves}; all of them can move to a partner. Drain it first.${clients}`,
  };
}
