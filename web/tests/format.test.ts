import { expect, test } from "vitest";
import { ago, bytes, count, duration, tone, used, without } from "../src/ui/format";

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1 KiB"],
  [1536, "1.5 KiB"],
  [5_583_667_200, "5.2 GiB"],
  [140_000_000_000_000, "127 TiB"],
  [null, "–"],
  [undefined, "–"],
])("%s bytes are written %s", (n, text) => expect(bytes(n)).toBe(text));

test.each([
  [9_999, "9999"],
  [10_000, "10 k"],
  [667_741, "668 k"],
  [1_250_000, "1.3 M"],
  [null, "–"],
])("a count of %s is written %s", (n, text) => expect(count(n)).toBe(text));

test.each([
  [-5, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [7_200, "2 h"],
  [172_800, "2 days"],
])("%s seconds last %s", (n, text) => expect(duration(n)).toBe(text));

test("a time is told by its age, and a broken one as it is", () => {
  const now = Date.parse("2026-11-21T08:00:00Z");
  expect(ago("2026-11-21T07:59:59Z", now)).toBe("now");
  expect(ago("2026-11-21T07:57:00Z", now)).toBe("3 min ago");
  expect(ago(null, now)).toBe("never");
  expect(ago("soon", now)).toBe("soon");
});

test("what is not known has neither colour nor part", () => {
  expect(tone("MOUNTED")).toBe("good");
  expect(tone("mounted-twice")).toBe("bad");
  expect(tone("something new")).toBe("none");
  expect(used(0, 0)).toBeUndefined();
  expect(used(100, null)).toBeUndefined();
  expect(used(100, 25)).toBe(0.75);
});

test("a sentence loses the name that stands before it", () => {
  expect(without("OST0001 is silent", "OST0001")).toBe("is silent");
  expect(without("OST00010 is silent", "OST0001")).toBe("OST00010 is silent");
});
