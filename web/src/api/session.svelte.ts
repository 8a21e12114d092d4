// Who is logged in.
import { client, Failure, type Schemas, take, useCsrf } from "./client";
import { live } from "./live.svelte";

class Session {
  /** `undefined` until it is known, `null` when nobody is logged in. */
  me = $state.raw<Schemas["Me"] | null | undefined>(undefined);

  private set(me: Schemas["Me"] | null): void {
    this.me = me;
    useCsrf(me?.csrf);
    if (me) live.start();
    else live.stop();
  }

  async look(): Promise<void> {
    try {
      this.set(await take(client.GET("/me")));
    } catch (error) {
      if (error instanceof Failure && error.problem.status === 401) this.set(null);
      else throw error;
    }
  }

  async login(user: string, password: string): Promise<void> {
    this.set(await take(client.POST("/login", { body: { user, password } })));
  }

  async logout(): Promise<void> {
    await take(client.POST("/logout"));
    this.set(null);
  }

  /** The session has ended by itself. */
  ended(): void {
    this.set(null);
  }

  may(role: "operator" | "admin"): boolean {
    const own = this.me?.role;
    return own === "admin" || own === role;
  }
}

export const session = new Session();
