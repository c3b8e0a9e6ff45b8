// A server at a later time. Nothing in the product moves a clock, and a preloaded library cannot move the one of a Go
// program; so this is the product's own source, built by Go with a clock that is ahead.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './server.mjs';

const reads = 'sec, nsec, mono := runtimeNow()'; // in Go's own time.Now

/** Builds a server whose clock is so many seconds ahead: {binary, remove}. */
export function buildLater(seconds) {
  const folder = mkdtempSync(path.join(tmpdir(), 'frond-later-'));
  const go = (...args) => execFileSync('go', args, { cwd: root, encoding: 'utf8', env: { ...process.env, CGO_ENABLED: '0' } }).trim();
  const original = path.join(go('env', 'GOROOT'), 'src/time/time.go');
  const source = readFileSync(original, 'utf8');
  assert.equal(source.split(reads).length, 2, `${original} reads the clock in another way now`);
  const [changed, overlay, binary] = ['time.go', 'overlay.json', 'frond'].map((name) => path.join(folder, name));
  writeFileSync(changed, source.replace(reads, `${reads}\n\tsec += ${seconds}`));
  writeFileSync(overlay, JSON.stringify({ Replace: { [original]: changed } }));
  go('build', '-trimpath', '-overlay', overlay, '-o', binary, './cmd/frond');
  return { binary, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
