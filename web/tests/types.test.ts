import { readFileSync } from "node:fs";
import openapi, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

// Making them takes seconds, and longer on a busy machine.
test("the types of the API are those of openapi/v1.json (`npm run types` makes them)", async () => {
  const document = new URL("../../openapi/v1.json", import.meta.url);
  const made = astToString(await openapi(document, { defaultNonNullable: false }));
  const kept = readFileSync(new URL("../src/api/v1.d.ts", import.meta.url), "utf8");
  // The tool's own command writes a word of its own at the top.
  expect(kept.slice(kept.indexOf("export interface paths"))).toBe(
    made.slice(made.indexOf("export interface paths")),
  );
}, 60_000);
