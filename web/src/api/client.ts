// Calls to the manager. Types come from openapi/v1.json; nothing is decided here.
import createClient from "openapi-fetch";
import type { components, paths } from "./v1";

export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

/** Longest wait for an answer, milliseconds. */
export const DEADLINE_MS = 20_000;

let csrf: string | undefined;

/** Keeps the value that changes must carry. */
export function useCsrf(value: string | null | undefined): void {
  csrf = value ?? undefined;
}

export const client = createClient<paths>({
  baseUrl: "/api/v1",
  credentials: "same-origin",
  fetch: (request) => globalThis.fetch(request),
});

client.use({
  onRequest({ request }) {
    if (csrf && request.method !== "GET") request.headers.set("x-csrf-token", csrf);
    return request;
  },
});

/** A request that failed, with what the manager said about it. */
export class Failure extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

/** The problem behind any error, also where no answer came. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Failure) return error.problem;
  const late = error instanceof DOMException && error.name === "TimeoutError";
  return {
    type: "/docs/errors/manager-unreachable",
    code: "manager-unreachable",
    title: late ? "The manager did not answer in time." : "The manager cannot be reached.",
    status: 0,
    detail: late
      ? `No answer came within ${DEADLINE_MS / 1000} seconds.`
      : "The connection failed. What is shown may be old.",
    remedy:
      "Check that the manager runs and that this machine reaches it; the page tries again by itself.",
  };
}

/** The answer's body, or a `Failure`. */
export async function take<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<T> {
  const { data, error, response } = await call;
  if (data !== undefined && response.ok) return data;
  const said = error as Partial<Problem> | undefined;
  throw new Failure({
    type: said?.type ?? "",
    code: said?.code ?? "internal",
    title: said?.title ?? `The manager answered ${response.status}.`,
    status: response.status,
    detail: said?.detail ?? "",
    remedy: said?.remedy ?? "Try again; if it stays, see the manager's log.",
  });
}
