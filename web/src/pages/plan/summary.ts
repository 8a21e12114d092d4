// A plan in a few numbers and sentences.
import type { Schemas } from "../../api/client";

type Plan = Schemas["Plan"];
type PlanStep = Schemas["PlanStep"];

/** The longest way through the steps if each takes its longest normal time, seconds. */
export function longest(steps: { after: number[]; deadline_s: number }[]): number {
  const end: number[] = [];
  for (const [i, step] of steps.entries()) {
    const start = step.after.reduce((most, before) => Math.max(most, end[before] ?? 0), 0);
    end[i] = start + step.deadline_s;
  }
  return end.reduce((most, one) => Math.max(most, one), 0);
}

export interface Felt {
  filesystem: string;
  text: string;
  /** The longest of them, seconds. */
  seconds: number;
  steps: number[];
}

/** Who feels it: the same words about the same file system once. */
export function felt(steps: PlanStep[]): Felt[] {
  const found = new Map<string, Felt>();
  for (const step of steps)
    for (const one of step.feels) {
      const key = `${one.filesystem} ${one.text}`;
      const known = found.get(key);
      if (known) {
        known.seconds = Math.max(known.seconds, one.seconds);
        known.steps.push(step.number);
      } else
        found.set(key, {
          filesystem: one.filesystem,
          text: one.text,
          seconds: one.seconds,
          steps: [step.number],
        });
    }
  return [...found.values()].sort((a, b) => b.seconds - a.seconds);
}

export interface Ask {
  /** What a person types to agree. */
  word: string;
  devices: Schemas["ConsentNeeded"][];
}

/** What must be agreed to, gathered by the word that is typed for it. */
export function asks(needed: Schemas["ConsentNeeded"][]): Ask[] {
  const found = new Map<string, Ask>();
  for (const one of needed) {
    const ask = found.get(one.word);
    if (ask) ask.devices.push(one);
    else found.set(one.word, { word: one.word, devices: [one] });
  }
  return [...found.values()];
}

export interface Moved {
  added: string[];
  gone: string[];
}

/** What another plan does that this one did not, and the other way round. */
export function moved(old: Plan, now: Plan): Moved {
  const lines = (plan: Plan) =>
    plan.steps.map((step) => `${step.server.name}: ${step.title}\n${step.commands.join("\n")}`);
  const count = (all: string[]) => {
    const found = new Map<string, number>();
    for (const line of all) found.set(line, (found.get(line) ?? 0) + 1);
    return found;
  };
  const [before, after] = [count(lines(old)), count(lines(now))];
  const rest = (a: Map<string, number>, b: Map<string, number>) =>
    [...a].filter(([line, n]) => n > (b.get(line) ?? 0)).map(([line]) => line.split("\n")[0] ?? "");
  return { added: rest(after, before), gone: rest(before, after) };
}

/** `target_mounted` as words. */
export function words(kind: string): string {
  return kind.replaceAll("_", " ");
}
