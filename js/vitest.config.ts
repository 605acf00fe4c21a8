import { defineConfig } from "vitest/config";

/** The build turns style sheets into text; tests need only some text. */
const styleAsText = {
  name: "style-as-text",
  enforce: "pre" as const,
  resolveId: (id: string) => (id.endsWith(".css") ? "\0style-text" : undefined),
  load: (id: string) => (id === "\0style-text" ? "export default ''" : undefined),
};

export default defineConfig({
  plugins: [styleAsText],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    environment: "jsdom",
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 20_000,
    // By default one core is left free, of two that is every second.
    maxWorkers: "100%",
  },
});
