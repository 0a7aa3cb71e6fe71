// Builds the query page into api/static/graphiql/: one script, one style sheet, three workers, the fonts and the
// licences of all that went in. The same lock gives the same bytes, so a rebuild without a change shows no diff.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

const here = import.meta.dirname;
const out = path.resolve(here, "../../api/static/graphiql");

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none", // the licences are collected below, whole
  metafile: true,
  minify: true,
  outdir: out,
  target: "es2022",
};

// Styles that Monaco's modules import stand in GraphiQL's own sheet already. Prettier's two parsers of JavaScript,
// half a megabyte, would only format the JSON of the variables; src/jsonc.js does that with what is there anyway.
const lean = {
  name: "lean",
  setup(bundle) {
    bundle.onLoad({ filter: /node_modules.*\.css$/ }, () => ({ contents: "", loader: "empty" }));
    bundle.onLoad({ filter: /@graphiql\/react\/dist\/utility\/jsonc\.js$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, "utf8")).replace(
        /async function formatJSONC\([^]*?\n}\n/,
        `import { formatJSONC } from ${JSON.stringify(path.join(here, "src/jsonc.js"))};\n`,
      ),
    }));
  },
};

// Fonts leave the style sheet: fetched when a character needs them, and no `data:` in the page's font policy.
async function styles() {
  await mkdir(path.join(out, "fonts"));
  let sheet = await readFile(path.join(here, "node_modules/graphiql/dist/style.css"), "utf8");
  const embedded = /url\(data:font\/(\w+);base64,([^)]*)\)/g;
  for (const [whole, kind, text] of sheet.matchAll(embedded)) {
    const bytes = Buffer.from(text, "base64");
    const file = `fonts/${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}.${kind}`;
    await writeFile(path.join(out, file), bytes);
    sheet = sheet.replace(whole, `url(./${file})`);
  }
  sheet += await readFile(path.join(here, "src/page.css"), "utf8");
  const { stdin, ...options } = { ...common, stdin: { contents: sheet, loader: "css", resolveDir: out } };
  const built = await build({ ...options, stdin, external: ["./fonts/*"], outdir: undefined, write: false });
  await writeFile(path.join(out, "graphiql.css"), built.outputFiles[0].text);
}

async function licences(metafiles) {
  const inputs = metafiles.flatMap((each) => Object.values(each.outputs)).flatMap((each) => Object.entries(each.inputs));
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
  const folders = used.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean);
  const parts = [];
  for (const folder of [...new Set(folders)].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(here, folder, "package.json"), "utf8"));
    const files = (await readdir(path.join(here, folder))).filter((file) => /^(licen[cs]e|notice)/i.test(file)).sort();
    const texts = await Promise.all(files.map((file) => readFile(path.join(here, folder, file), "utf8")));
    parts.push([`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join("\n\n"));
  }
  await writeFile(path.join(out, "LICENSES.txt"), parts.join(`\n\n${"-".repeat(80)}\n\n`).replaceAll("\r", "") + "\n");
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const page = await build({
  ...common,
  entryPoints: { graphiql: "src/main.jsx" },
  format: "esm",
  jsx: "automatic",
  plugins: [lean],
});
const workers = await build({
  ...common,
  entryPoints: {
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
  },
  format: "iife",
});
await styles();
await licences([page.metafile, workers.metafile]);
for (const file of ["index.html", "favicon.svg"]) await cp(path.join(here, "src", file), path.join(out, file));
await writeFile(path.join(out, ".gitattributes"), "* -diff -text linguist-generated\nindex.html diff\n");
