// A view that is read when it is first shown, and again whenever it changes.
import { untrack } from "svelte";
import { DEADLINE_MS, type Problem, problemOf } from "./client";
import { live, type View } from "./live.svelte";
import { session } from "./session.svelte";

/** Wait before a failed read is tried again, milliseconds. */
const RETRY_MS = 4_000;

export class Query<T> {
  /** The last good answer; it stays while a newer one is on its way. */
  data = $state.raw<T | undefined>(undefined);
  /** Why the last read failed. */
  problem = $state.raw<Problem | undefined>(undefined);
}

/**
 * Reads `load` now, when `key` changes (what was shown is dropped), and when
 * one of `views` changes (it stays until the new answer is there). One read
 * runs at a time; a change in between is read afterwards.
 */
export function query<T>(
  views: View[],
  key: () => string,
  load: (signal: AbortSignal) => Promise<T>,
): Query<T> {
  const query = new Query<T>();
  let current: { key: string; abort: AbortController; again: boolean } | undefined;
  let shown: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function read(now: string): Promise<void> {
    const abort = new AbortController();
    const mine = { key: now, abort, again: false };
    current = mine;
    try {
      const data = await load(AbortSignal.any([abort.signal, AbortSignal.timeout(DEADLINE_MS)]));
      if (current !== mine) return;
      query.data = data;
      query.problem = undefined;
    } catch (error) {
      if (current !== mine) return;
      const problem = problemOf(error);
      if (problem.status === 401) session.ended();
      query.problem = problem;
      if (problem.status === 0 || problem.status >= 500)
        timer = setTimeout(() => void read(now), RETRY_MS);
    }
    current = undefined;
    if (mine.again) void read(now);
  }

  $effect(() => {
    const now = key();
    for (const view of views) live.version(view);
    untrack(() => {
      clearTimeout(timer);
      if (now !== shown) {
        current?.abort.abort();
        current = undefined;
        if (shown !== undefined) query.data = undefined;
        query.problem = undefined;
        shown = now;
      }
      if (current) current.again = true;
      else void read(now);
    });
  });
  $effect(() => () => {
    clearTimeout(timer);
    current?.abort.abort();
    current = undefined;
  });
  return query;
}
