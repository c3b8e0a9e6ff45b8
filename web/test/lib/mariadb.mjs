// A real MariaDB of the test's own, in a temporary folder on a free port.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const places = ['/usr/sbin/mariadbd', '/usr/bin/mariadbd', '/usr/sbin/mysqld'];

/** Why there is no MariaDB here, or false. A set-up that promises one makes it an error. */
export function noMariaDB() {
  if (places.some((p) => existsSync(p))) return false;
  assert.notEqual(process.env.FROND_TEST_MARIADB, 'required', 'MariaDB is missing');
  return 'MariaDB is missing: install mariadb-server';
}

/** Starts one; resolves to its URL and what stops it. */
export async function startMariaDB() {
  const child = spawn('go', ['run', './server/store/mariadbtest/run'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const line = new Promise((resolve) => createInterface(child.stdout).once('line', resolve));
  const url = await Promise.race([line, ended]);
  assert.match(String(url), /^mysql:/, 'MariaDB did not start');
  return {
    url,
    /** Does one statement, behind the server's back. */
    run(statement) {
      const { hostname, port, username, password, pathname } = new URL(url);
      const login = ['-h', hostname, '-P', port, '--protocol=tcp', '-u', username, `--password=${password}`];
      execFileSync('mariadb', [...login, pathname.slice(1), '-e', statement], { encoding: 'utf8' });
    },
    stop() {
      child.stdin.end();
      return ended;
    },
  };
}
