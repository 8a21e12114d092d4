import { expect, test } from "vitest";
import { lastChange, together } from "../src/pages/jobs/words";
import {
  type Drawn,
  edges,
  followers,
  lanesBetween,
  layout,
  names,
  short,
  stages,
} from "../src/pages/plan/graph";
import { rows } from "../src/pages/plan/rows";
import { longest } from "../src/pages/plan/summary";

function step(number: number, server: string, after: number[] = [], kind = "lnet_up"): Drawn {
  return {
    number,
    server: { id: server, name: server },
    title: `${kind} on ${server}`,
    kind,
    after,
  };
}

/** Each server: LNet, then two targets; then one step that waits for all. */
function cluster(n: number): Drawn[] {
  const steps: Drawn[] = [];
  for (let i = 0; i < n; i += 1) {
    const at = steps.length;
    steps.push(step(at, `oss${i + 1}`));
    for (const next of [at + 1, at + 2])
      steps.push(step(next, `oss${i + 1}`, [at], "target_formatted"));
  }
  steps.push(
    step(
      steps.length,
      "mds1",
      steps.map((one) => one.number),
      "target_mounted",
    ),
  );
  return steps;
}

test("a step stands one stage behind the last that it waits for", () => {
  expect(stages(cluster(1))).toEqual([0, 1, 1, 2]);
});

test("each step is drawn once, and no two at one place", () => {
  for (const isFolding of [false, true]) {
    const steps = cluster(12);
    const drawn = layout(steps, isFolding, new Set());
    const places = new Set<string>();
    let n = 0;
    for (const lane of drawn.lanes)
      for (const bead of lane.beads) {
        places.add(`${lane.top + bead.row} ${bead.stage}`);
        n += 1;
        for (const i of bead.steps) expect(drawn.at.get(i)?.bead).toBe(bead);
      }
    expect(places.size).toBe(n);
    expect(drawn.at.size).toBe(steps.length);
  }
});

test("servers that do the same are one lane, which opens into theirs", () => {
  const folded = layout(cluster(12), true, new Set());
  expect(folded.lanes.map((lane) => names(lane.servers))).toEqual(["mds1", "oss1 … oss12 (12)"]);
  const lane = folded.lanes[1];
  expect(short(lane?.servers ?? [])).toBe("12 like oss1");
  expect(lane?.beads.map((bead) => bead.steps.length)).toEqual([12, 24]);
  const open = layout(cluster(12), true, new Set([lane?.key ?? ""]));
  expect(open.lanes).toHaveLength(13);
  expect(open.lanes[1]?.isFolded).toBe(true);
  const all = layout(cluster(12), false, new Set());
  expect(all.lanes[1]?.beads.map((bead) => bead.steps.length)).toEqual([1, 1, 1]);
});

test("lines that others say already are not drawn", () => {
  expect(edges(cluster(1))).toEqual([
    { from: 0, to: 1 },
    { from: 0, to: 2 },
    { from: 1, to: 3 },
    { from: 2, to: 3 },
  ]);
  expect(followers(cluster(1)).get(0)).toEqual([1, 2, 3]);
});

test("ten thousand steps are laid out in a moment, and lanes in sight are found", () => {
  const steps = cluster(3_333);
  const before = performance.now();
  const drawn = layout(steps, false, new Set());
  expect(performance.now() - before).toBeLessThan(2_000);
  expect(drawn.n_rows).toBe(1 + 3_333 * 2);
  const sight = lanesBetween(drawn.lanes, 4_000, 4_010);
  const [first, last] = [drawn.lanes[sight.first], drawn.lanes[sight.last - 1]];
  expect(first && first.top <= 4_000 && first.top + first.n_rows > 4_000).toBe(true);
  expect(last && last.top < 4_010 && last.top + last.n_rows >= 4_010).toBe(true);
});

test("a list shows heads of stages, and of a closed one only that", () => {
  const all = rows(cluster(2), new Set(), () => true);
  expect(all).toHaveLength(7 + 3);
  expect(rows(cluster(2), new Set([1]), () => true)).toHaveLength(6);
  expect(rows(cluster(2), new Set(), (i) => i === 1)).toEqual([
    { stage: 1, n: 1, isOpen: true },
    { step: 1 },
  ]);
});

test("the longest way counts, not the sum", () => {
  const timed = cluster(2).map((one) => ({ ...one, deadline_s: 10 }));
  expect(longest(timed)).toBe(30);
});

test("several steps show the state that needs a person most", () => {
  expect(together(["done", "failed", "running"])).toMatchObject({ tone: "bad", short: "1/3" });
  expect(together(["done", "waiting"]).tone).toBe("busy");
  expect(together(["running"])).toEqual({ tone: "busy", word: "running" });
});

test("the last change is found whatever the time is written like", () => {
  expect(lastChange([{ since: "2026-11-21T08:00:00Z" }, { since: "2026-11-21T08:00:00.5Z" }])).toBe(
    "2026-11-21T08:00:00.5Z",
  );
  expect(lastChange([])).toBeUndefined();
});
