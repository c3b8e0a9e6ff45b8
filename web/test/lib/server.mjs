// A real server for a test: bin/frond on a free port with a folder of its own.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const binary = process.env.FROND_BINARY ?? path.join(root, 'bin', 'frond');

/** A port nobody listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class Server {
  binary = binary;
  log = '';
  #process;
  #flags;

  static async start(...flags) {
    assert.ok(existsSync(binary), `${binary} is missing: run make build`);
    const server = new Server();
    server.port = await freePort();
    server.folder = mkdtempSync(path.join(tmpdir(), 'frond-test-'));
    server.#flags = flags;
    await server.up();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** Starts the process, on the same port and folder each time, and waits until it answers. */
  async up() {
    const data = path.join(this.folder, 'data');
    const flags = ['serve', '--listen', `127.0.0.1:${this.port}`, '--data', data, '--log-level', 'debug', ...this.#flags];
    const child = spawn(this.binary, flags, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.log += chunk));
    const until = Date.now() + 15_000;
    while (!(await this.#answers())) {
      assert.equal(child.exitCode, null, `the server ended: ${this.log}`);
      assert.ok(Date.now() < until, `the server does not answer: ${this.log}`);
      await new Promise((r) => setTimeout(r, 50));
    }
  }

  async #answers() {
    try {
      return (await fetch(`${this.url}healthz`)).ok;
    } catch {
      return false;
    }
  }

  /** What `frond admin` prints, beside the running server. */
  admin(command, ...args) {
    return execFileSync(this.binary, ['admin', command, '--data', path.join(this.folder, 'data'), ...this.#flags, ...args], { cwd: this.folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /** Ends the process: SIGTERM asks, SIGKILL does not. */
  async down(signal = 'SIGTERM') {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  /** Everything in the data folder, as bytes by file name. */
  files() {
    const folder = path.join(this.folder, 'data');
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
    return new Map(entries.map((e) => [e.name, readFileSync(path.join(e.parentPath ?? e.path, e.name))]));
  }

  async close() {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
