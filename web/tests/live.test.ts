import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Gatherer } from "../src/api/live.svelte";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("the first change comes at once, a burst after it in one", () => {
  const given: string[][] = [];
  const gatherer = new Gatherer(
    (views) => given.push(views),
    400,
    () => Date.now(),
  );
  gatherer.take({ seq: 1, views: ["targets"] });
  vi.advanceTimersByTime(1);
  expect(given).toEqual([["targets"]]);
  for (let seq = 2; seq < 100; seq += 1) gatherer.take({ seq, views: ["targets", "servers"] });
  vi.advanceTimersByTime(300);
  expect(given).toHaveLength(1);
  vi.advanceTimersByTime(200);
  expect(given).toHaveLength(2);
  expect(given[1]?.sort()).toEqual(["servers", "targets"]);
});

test("a reset makes every view old", () => {
  const given: string[][] = [];
  const gatherer = new Gatherer(
    (views) => given.push(views),
    400,
    () => Date.now(),
  );
  gatherer.take({ seq: 9, views: ["reset"] });
  vi.runAllTimers();
  expect(given[0]).toContain("devices");
  expect(given[0]).toHaveLength(10);
});
