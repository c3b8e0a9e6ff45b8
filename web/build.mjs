// Builds the web app into dist/, which embed.go embeds:
//
//	index.html, manifest.webmanifest, icon.svg   checked by browsers at each visit
//	assets/<hash>/...                            style sheet and modules, one hash over all of them
//	assets/<hash>/frond.wasm                     the client core, under a hash of its own
//
// and beside each file its .br and .gz copies where they are smaller. What did not change is left
// alone, so a second run takes about as long as `go build` needs to see that there is nothing to do.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const web = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(web);
const dist = path.join(web, 'dist');
const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

// The style sheet is Bootstrap's, then ours in this order.
const styles = ['tokens', 'base', 'sign', 'shell', 'list', 'timeline', 'composer', 'dialog', 'panel'];

// Modules of others that the app imports, as they come: QR codes drawn, and read by the camera; and what
// worker and core say to each other.
const vendored = [
  ['vendor/cbor/cbor.js', '@levischuck/tiny-cbor/esm/cbor/cbor.js'],
  ['vendor/cbor/cbor_internal.js', '@levischuck/tiny-cbor/esm/cbor/cbor_internal.js'],
  ['vendor/cbor/LICENSE.txt', '@levischuck/tiny-cbor/LICENSE'],
  ['vendor/qr/index.js', 'qr/index.js'],
  ['vendor/qr/decode.js', 'qr/decode.js'],
  ['vendor/qr/LICENSE.txt', 'qr/LICENSE-MIT'],
];

/** The files of the app folder: name within the folder -> content. */
export function appFiles() {
  const files = new Map();
  const folder = path.join(web, 'static', 'app');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    files.set(path.relative(folder, file).replaceAll(path.sep, '/'), readFileSync(file));
  }
  files.set('wasm_exec.js', readFileSync(path.join(goRoot(), 'lib', 'wasm', 'wasm_exec.js')));
  files.set('app.css', styleSheet(files.values()));
  for (const [name, source] of vendored) files.set(name, readFileSync(path.join(web, 'node_modules', source)));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function styleSheet(modules) {
  const bootstrap = readFileSync(path.join(web, 'node_modules/bootstrap/dist/css/bootstrap.min.css'), 'utf8');
  const ours = styles.map((name) => readFileSync(path.join(web, 'static', 'styles', `${name}.css`), 'utf8'));
  const words = new Set([...modules, ...ours].join('\n').match(/[\w-]+/g));
  return Buffer.from([usedRules(bootstrap.replace(/\/\*# sourceMappingURL=.*?\*\/\s*$/, ''), words), ...ours].join('\n'));
}

// Most of Bootstrap is for pages we do not have. A rule is kept when every class it speaks of occurs as
// a word somewhere in our own files; what nests, as @media does, is looked into.
function usedRules(css, words) {
  const isUsed = (selector) => [...selector.replace(/:not\([^)]*\)/g, '').matchAll(/\.(-?[A-Za-z_][\w-]*)/g)].every(([, name]) => words.has(name));
  let out = '';
  for (let at = 0; at < css.length; ) {
    const open = css.indexOf('{', at);
    if (open < 0) return out + css.slice(at);
    const comment = /^(\s*\/\*[^]*?\*\/)?/.exec(css.slice(at, open))[0];
    const head = css.slice(at + comment.length, open);
    const close = closing(css, open);
    const body = css.slice(open + 1, close);
    at = close + 1;
    out += comment;
    if (/^@(media|supports)/.test(head)) {
      const inner = usedRules(body, words);
      if (inner) out += `${head}{${inner}}`;
      continue;
    }
    const kept = head.startsWith('@') ? [head] : head.split(/,(?![^(]*\))/).filter(isUsed);
    if (kept.length > 0) out += `${kept.join(',')}{${body}}`;
  }
  return out;
}

function closing(css, open) {
  for (let at = open, depth = 0; ; at++) {
    if (css[at] === '{') depth++;
    else if (css[at] === '}' && --depth === 0) return at;
  }
}

const goRoot = () => execFileSync('go', ['env', 'GOROOT'], { cwd: root, encoding: 'utf8' }).trim();

/** The page, with the addresses of what it loads filled in. */
export function page({ app, wasm, wasmSize, modules }) {
  const preload = modules.map((m) => `<link rel="modulepreload" href="${app}/${m}">`).join('\n  ');
  return readFileSync(path.join(web, 'static', 'index.html'), 'utf8')
    .replaceAll('{{app}}', app)
    .replaceAll('{{wasm}}', wasm)
    .replaceAll('{{wasm-size}}', String(wasmSize))
    .replaceAll('{{preload}}', preload);
}

/** The modules that the page needs at its start: main.js and all that is imported from there, except on demand. */
export function pageModules(files, from = 'main.js', found = new Set()) {
  if (found.has(from)) return found;
  found.add(from);
  for (const [, name] of String(files.get(from)).matchAll(/^(?:import|export) (?:[^'"]* from )?'(\.[^']+)'/gm)) {
    pageModules(files, path.posix.join(path.posix.dirname(from), name), found);
  }
  return [...found].sort();
}

// Inlining makes code larger, and a page is loaded more often than it computes: it stays on where time
// is spent, in the inner loops of the cryptography, and off in the rest. Measured: a tenth less to load.
// Without math/bits each addition with carry is a call.
const fips = 'crypto/internal/fips140';
const inlining = ['all=-l', `${fips}/edwards25519/...=`, `${fips}/mlkem=`, `${fips}/sha256=`, `${fips}/sha512=`, `${fips}/sha3=`,
  `${fips}/aes/...=`, `${fips}/subtle=`, 'crypto/internal/fips140deps/...=', 'math/bits=', 'golang.org/x/crypto/...='];

function compileCore() {
  const folder = mkdtempSync(path.join(tmpdir(), 'frond-build-'));
  try {
    const out = path.join(folder, 'frond.wasm');
    const flags = ['-trimpath', '-tags=nonist', '-ldflags=-s -w', ...inlining.map((pattern) => `-gcflags=${pattern}`)];
    execFileSync('go', ['build', ...flags, '-o', out, './cmd/frond-wasm'], {
      cwd: root,
      env: { ...process.env, GOOS: 'js', GOARCH: 'wasm' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// npm records what it installed in node_modules/.package-lock.json.
function installPackages() {
  const wanted = JSON.parse(readFileSync(path.join(web, 'package-lock.json'), 'utf8')).packages;
  const record = path.join(web, 'node_modules', '.package-lock.json');
  const installed = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')).packages : {};
  const missing = Object.keys(wanted).filter((name) => name && installed[name]?.integrity !== wanted[name].integrity);
  if (missing.length === 0) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: web, stdio: ['ignore', 'inherit', 'inherit'] });
}

const hashOf = (entries) => {
  const hash = createHash('sha256');
  for (const [name, body] of entries) hash.update(`${name}\0${body.length}\0`).update(body);
  return hash.digest('hex').slice(0, 16);
};

/** Everything dist/ must hold: path -> content. */
function output() {
  const files = appFiles();
  const core = compileCore();
  const app = `/assets/${hashOf(files)}`;
  const wasm = `/assets/${hashOf([['frond.wasm', core]])}/frond.wasm`;
  const html = page({ app, wasm, wasmSize: core.length, modules: pageModules(files) });
  const out = new Map([[wasm.slice(1), core], ['index.html', Buffer.from(html)]]);
  for (const name of ['manifest.webmanifest', 'icon.svg']) out.set(name, readFileSync(path.join(web, 'static', name)));
  for (const [name, body] of files) out.set(`${app.slice(1)}/${name}`, body);
  return out;
}

// The plain file is written last, so that one which is there and equal vouches for its copies.
async function write(name, body) {
  const file = path.join(dist, name);
  if (existsSync(file) && readFileSync(file).equals(body)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const text = name.endsWith('.wasm') ? zlib.constants.BROTLI_MODE_GENERIC : zlib.constants.BROTLI_MODE_TEXT;
  const params = {
    [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
    [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
    [zlib.constants.BROTLI_PARAM_MODE]: text,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: body.length,
  };
  for (const [suffix, small] of [['.br', await brotli(body, { params })], ['.gz', await gzip(body, { level: 9 })]]) {
    if (small.length < body.length) writeFileSync(file + suffix, small);
    else rmSync(file + suffix, { force: true });
  }
  writeFileSync(file, body);
}

function removeStale(out) {
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const name = path.relative(dist, file).replaceAll(path.sep, '/');
    if (!entry.isFile() || name === '.gitignore' || out.has(name.replace(/\.(br|gz)$/, ''))) continue;
    rmSync(file);
    if (readdirSync(path.dirname(file)).length === 0) rmSync(path.dirname(file), { recursive: true });
  }
}

async function build() {
  installPackages();
  const out = output();
  mkdirSync(dist, { recursive: true });
  await Promise.all([...out].map(([name, body]) => write(name, body)));
  removeStale(out);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await build();
