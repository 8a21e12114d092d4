// What a list page asks the manager for.

export interface Ask {
  offset: number;
  limit: number;
  sort?: string;
  q?: string;
  state?: string;
  kind?: string;
  filesystem?: string;
  server?: string;
}
