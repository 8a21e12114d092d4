// Words and colours for how jobs and steps stand.
import type { Schemas } from "../../api/client";
import type { Tone } from "../../ui/format";

type StepState = Schemas["StepState"];
type JobState = Schemas["JobState"];

export const STEP_TONES: Record<StepState, Tone> = {
  waiting: "none",
  ready: "none",
  running: "busy",
  retrying: "warn",
  stuck: "bad",
  done: "good",
  failed: "bad",
  skipped: "warn",
  cancelled: "none",
};

export const JOB_TONES: Record<JobState, Tone> = {
  running: "busy",
  needs_attention: "bad",
  cancelling: "warn",
  done: "good",
  cancelled: "none",
};

/** What to look at first where several steps are drawn as one. */
const URGENT: StepState[] = [
  "failed",
  "stuck",
  "retrying",
  "running",
  "ready",
  "waiting",
  "skipped",
  "cancelled",
  "done",
];

export type Counts = Partial<Record<StepState, number>>;

export function countStates(states: Iterable<StepState>): Counts {
  const counts: Counts = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** The state that several steps show together: that which needs a person most. */
export function together(states: StepState[]): { tone: Tone; word: string; short?: string } {
  const counts = countStates(states);
  const first = URGENT.find((state) => counts[state] !== undefined) ?? "waiting";
  if (states.length === 1) return { tone: STEP_TONES[first], word: first };
  const over = (counts.done ?? 0) + (counts.skipped ?? 0);
  // Some done, the rest not begun: it is under way.
  const isUnderWay = over > 0 && (first === "waiting" || first === "ready");
  return {
    tone: isUnderWay ? "busy" : STEP_TONES[first],
    word: URGENT.filter((state) => counts[state] !== undefined)
      .map((state) => `${counts[state]} ${state}`)
      .join(", "),
    short: `${over}/${states.length}`,
  };
}

/** What a step that stands so can be asked for. */
export function verbs(state: StepState): { retry: boolean; skip: boolean } {
  return { retry: state === "failed", skip: state === "failed" || state === "stuck" };
}

/** Changed steps put into those that are known. */
export function merged(
  known: Schemas["JobDetail"] | undefined,
  news: Schemas["JobDetail"],
): Schemas["JobDetail"] {
  if (!known || known.id !== news.id) return news;
  const steps = known.steps.slice();
  for (const step of news.steps) steps[step.number] = step;
  return { ...news, steps };
}

/** The time of the last change of all steps: what came before is known. */
export function lastChange(steps: { since: string }[]): string | undefined {
  let last: string | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const { since } of steps) {
    const at = Date.parse(since);
    if (at > most) {
      most = at;
      last = since;
    }
  }
  return last;
}
