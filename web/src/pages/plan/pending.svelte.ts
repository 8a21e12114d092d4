// What is to be planned next: set by whoever wants something, read by `/plan`.
import type { Schemas } from "../../api/client";
import { router } from "../../router/router.svelte";

export interface Pending {
  /** What a person wants, as the head of the page: `Fail over scratch-OST0001`. */
  title: string;
  spec?: string;
  edits?: Schemas["Edit"][];
  goals?: Schemas["Goal"][];
  baseVersion?: number;
  /** Where one comes from, and goes back to. */
  from?: string;
}

const KEY = "candela.plan";

class PendingPlan {
  now = $state.raw<Pending | undefined>(read());

  /** Shows the plan of something on a page of its own; nothing is done yet. */
  review(wanted: Pending): void {
    this.now = { from: location.pathname + location.search, ...wanted };
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.now));
    } catch {
      // It is then lost when the page is loaded anew.
    }
    router.go("/plan");
  }

  clear(): void {
    this.now = undefined;
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // Nothing was kept.
    }
  }
}

function read(): Pending | undefined {
  try {
    const kept = sessionStorage.getItem(KEY);
    return kept ? (JSON.parse(kept) as Pending) : undefined;
  } catch {
    return undefined;
  }
}

export const pending = new PendingPlan();
