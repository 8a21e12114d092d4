import { expect, test } from "vitest";
import { wrong } from "../src/pages/account/password";

test("a new password is long, new, and typed twice", () => {
  expect(wrong("old password", "short", "short")).toContain("12");
  expect(wrong("old password", "äöüäöüäöüäö", "")).toContain("12");
  expect(wrong("same old password", "same old password", "")).toContain("old one");
  expect(wrong("old password", "a new password", "a new passwort")).toContain("not the same");
  expect(wrong("", "a new password", "a new password")).toContain("missing");
  expect(wrong("old password", "a new password", "a new password")).toBe("");
});
