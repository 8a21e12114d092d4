import { expect, test } from "vitest";
import { BLOCK, blocks, span } from "../src/ui/window";

test("only rows in sight, and a few around, are drawn", () => {
  expect(span(0, 380, 38, 10_000)).toEqual({ first: 0, last: 18 });
  expect(span(38 * 5_000, 380, 38, 10_000)).toEqual({ first: 4_992, last: 5_018 });
  expect(span(38 * 9_990, 380, 38, 10_000)).toEqual({ first: 9_982, last: 10_000 });
});

test("a list that became shorter than where one was draws nothing beyond its end", () => {
  const sight = span(38 * 5_000, 380, 38, 3);
  expect(sight.last).toBe(3);
  expect(sight.first).toBeLessThanOrEqual(sight.last);
});

test("a span asks for the blocks that it touches, and an empty one for the first", () => {
  expect(blocks({ first: 0, last: 0 })).toEqual([0]);
  expect(blocks({ first: 0, last: BLOCK })).toEqual([0]);
  expect(blocks({ first: BLOCK - 1, last: BLOCK + 1 })).toEqual([0, 1]);
  expect(blocks({ first: 4_992, last: 5_018 })).toEqual([49, 50]);
});
