// The rows of a list of steps: a head for each stage, its steps below.
import { type Drawn, stages } from "./graph";

export type Row = { stage: number; n: number; isOpen: boolean } | { step: number };

/** Rows of the steps that `isWanted`; a stage in `closed` shows only its head. */
export function rows(
  steps: Drawn[],
  closed: ReadonlySet<number>,
  isWanted: (index: number) => boolean,
): Row[] {
  const byStage: number[][] = [];
  for (const [i, stage] of stages(steps).entries()) {
    if (!isWanted(i)) continue;
    const list = byStage[stage];
    if (list) list.push(i);
    else byStage[stage] = [i];
  }
  const found: Row[] = [];
  for (const [stage, list] of byStage.entries()) {
    if (!list) continue;
    const isOpen = !closed.has(stage);
    found.push({ stage, n: list.length, isOpen });
    if (isOpen) for (const step of list) found.push({ step });
  }
  return found;
}
