// What the web app weighs and how long it takes to be ready, measured in a real browser on this
// machine against the real server: node web/test/load.mjs [visits]
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const visits = Number(process.argv[2] ?? 7);
const dist = path.join(path.dirname(fileURLToPath(import.meta.url)), '../dist');

function sizes() {
  const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && !e.name.startsWith('.'));
  const bytes = new Map(files.map((e) => [path.relative(dist, path.join(e.parentPath ?? e.path, e.name)), 0]));
  for (const name of bytes.keys()) bytes.set(name, readFileSync(path.join(dist, name)).length);
  const rows = [...bytes].filter(([name]) => !/\.(br|gz)$/.test(name));
  const row = ([name, plain]) => [name, plain, bytes.get(`${name}.gz`) ?? plain, bytes.get(`${name}.br`) ?? plain];
  return rows.map(row).sort((a, b) => b[3] - a[3]);
}

const number = (n) => n.toLocaleString('en').padStart(11);
const line = (cells, name) => console.log(`${cells.map((c) => (typeof c === 'number' ? number(c) : c.padStart(11))).join('')}  ${name}`);

console.log('served assets, bytes');
line(['plain', 'gzip', 'brotli'], '');
const all = sizes();
for (const [name, ...cells] of all) line(cells, name);
line([1, 2, 3].map((i) => all.reduce((sum, row) => sum + row[i], 0)), 'in all: one first visit');

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** Milliseconds from the start of navigation until the core is there and the first page can be used. */
async function ready(page, url) {
  await page.goto(url);
  await page.getByRole('button', { name: 'Create account', exact: true }).waitFor();
  return page.evaluate(() => performance.getEntriesByName('frond-ready').at(-1).startTime);
}

if (noBrowser()) {
  console.log(noBrowser());
} else {
  const server = await Server.start();
  const browser = await launch();
  const [first, second] = [[], []];
  for (let i = 0; i < visits; i++) {
    const page = await (await browser.newContext()).newPage();
    first.push(await ready(page, server.url));
    await ready(page, server.url); // the browser keeps compiled code from here on
    second.push(await ready(page, server.url));
    await page.context().close();
  }
  await browser.close();
  await server.close();
  console.log(`load to ready in ${browser.version()}, median of ${visits}: first visit ${Math.round(median(first))} ms, later visits ${Math.round(median(second))} ms`);
}
