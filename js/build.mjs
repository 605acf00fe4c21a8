// Bundles the page side into one module, and the pages that need no kernel. `--watch` rebuilds on change; `--dev` bundles the stand-alone page of dev/.
import { readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { pack } from "./pack.mjs";

// In bytes. Every widget of a notebook carries the module in its state; a page without a kernel carries its own once.
const LIMITS = { nbviz: 100 * 1024, page: 220 * 1024, borrow: 4 * 1024, site: 48 * 1024 };
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Style sheets become minified text, to be adopted into the widget's shadow root. */
const styleAsText = {
  name: "style-as-text",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const { code } = await esbuild.transform(source, { loader: "css", minify: true, target: "chrome111" });
      return { contents: code.trim(), loader: "text", watchFiles: [path] };
    });
  },
};

const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  plugins: [styleAsText],
  logLevel: "info",
};
const widget = {
  ...common,
  entryPoints: {
    page: here("src/host/page.ts"),
    borrow: here("src/host/borrow.ts"),
    site: here("src/site/main.tsx"),
    nbviz: here("src/entry.ts"),
  },
  outdir: here("../nbviz/static"),
  minify: true,
};
const page = {
  ...common,
  entryPoints: [here("dev/main.ts")],
  outfile: here("dev/build/main.js"),
  sourcemap: "inline",
};

if (process.argv.includes("--watch")) {
  await (await esbuild.context(widget)).watch();
} else if (process.argv.includes("--dev")) {
  await esbuild.build(page);
} else {
  await esbuild.build(widget);
  const built = (name) => `${widget.outdir}/${name}.js`;
  await writeFile(built("nbviz"), pack(await readFile(built("nbviz"))));
  for (const [name, limit] of Object.entries(LIMITS)) {
    const { size } = await stat(built(name));
    if (size > limit) throw new Error(`${name}.js has ${size} bytes; the limit is ${limit}`);
    process.stdout.write(`${name}.js: ${size} of ${limit} bytes\n`);
  }
}
