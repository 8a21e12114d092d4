// The stream of changes: which views are to be read again.

/** Views that the stream names. */
export type View =
  | "servers"
  | "targets"
  | "filesystems"
  | "devices"
  | "ha-clusters"
  | "events"
  | "summary"
  | "spec"
  | "jobs"
  | "consoles";

const ALL: View[] = [
  "servers",
  "targets",
  "filesystems",
  "devices",
  "ha-clusters",
  "events",
  "summary",
  "spec",
  "jobs",
  "consoles",
];
/** Shortest time between two rereads of one view, milliseconds. */
const PAUSE_MS = 400;
/** Wait before a broken stream is opened again, milliseconds. */
const RETRY_MS = 3_000;

export interface Change {
  seq: number;
  views: string[];
}

/** Gathers changes, and gives them out at most every `pause` milliseconds. */
export class Gatherer {
  private waiting = new Set<View>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private last = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly give: (views: View[]) => void,
    private readonly pause = PAUSE_MS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  take(change: Change): void {
    const views = change.views.includes("reset") ? ALL : (change.views as View[]);
    for (const view of views) this.waiting.add(view);
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.last + this.pause - this.now());
    this.timer = setTimeout(() => this.flush(), wait);
  }

  private flush(): void {
    this.timer = undefined;
    this.last = this.now();
    const views = [...this.waiting];
    this.waiting.clear();
    this.give(views);
  }
}

class Live {
  /** Whether changes arrive. */
  state = $state<"connecting" | "live" | "lost">("connecting");
  private versions = $state<Record<View, number>>(
    Object.fromEntries(ALL.map((view) => [view, 0])) as Record<View, number>,
  );
  private source: EventSource | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private seq: number | undefined;
  private readonly gatherer = new Gatherer((views) => this.bump(views));

  /** Grows when the view has changed; reading it in an effect follows it. */
  version(view: View): number {
    return this.versions[view];
  }

  private bump(views: View[]): void {
    for (const view of views) if (view in this.versions) this.versions[view] += 1;
  }

  start(): void {
    if (this.source) return;
    const after = this.seq === undefined ? "" : `?after=${this.seq}`;
    const source = new EventSource(`/api/v1/stream${after}`);
    this.source = source;
    source.addEventListener("open", () => {
      // What changed while the stream was away is not known, unless it resumed.
      if (this.state === "lost" && this.seq === undefined) this.bump(ALL);
      this.state = "live";
    });
    source.addEventListener("change", (message) => {
      const change = JSON.parse((message as MessageEvent<string>).data) as Change;
      this.seq = change.seq;
      this.gatherer.take(change);
    });
    source.addEventListener("error", () => {
      this.state = "lost";
      // The browser reopens it itself, unless the answer was no stream.
      if (source.readyState !== EventSource.CLOSED) return;
      this.source = undefined;
      this.retry = setTimeout(() => this.start(), RETRY_MS);
    });
  }

  stop(): void {
    clearTimeout(this.retry);
    this.source?.close();
    this.source = undefined;
    this.seq = undefined;
    this.state = "connecting";
  }
}

export const live = new Live();
