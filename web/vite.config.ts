// The page is built into `dist`, which the manager embeds.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  build: { target: "es2023", sourcemap: false, reportCompressedSize: false },
  // `npm run dev` shows the page beside a running demo: CANDELA_URL says which.
  server: {
    proxy: {
      "/api": { target: process.env.CANDELA_URL ?? "https://127.0.0.1:8443", secure: false },
      "/docs": { target: process.env.CANDELA_URL ?? "https://127.0.0.1:8443", secure: false },
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
