// Bundles the page side into one module, and the pages that need no kernel. `--watch` rebuilds on change; `--dev` bundles the stand-alone page of dev/.
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

// Every widget of a notebook carries the module in its state, every page without a kernel carries the page.
const LIMIT = 150 * 1024;
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
  for (const name of Object.keys(widget.entryPoints)) {
    const { size } = await stat(`${widget.outdir}/${name}.js`);
    if (size > LIMIT) throw new Error(`${name}.js has ${size} bytes; the limit is ${LIMIT}`);
  }
}
