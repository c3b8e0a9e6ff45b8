// A browser that lets pages keep nothing, as some private windows and settings do.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { launchProfile, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('a browser that may store nothing', { skip: noBrowser(), timeout: 120_000 }, () => {
  const profile = mkdtempSync(path.join(tmpdir(), 'frond-profile-'));
  let server, context;

  before(async () => {
    server = await Server.start();
    mkdirSync(path.join(profile, 'Default'));
    const blocked = 2; // "block" in the content settings of Chromium; site data of every kind follows it
    writeFileSync(path.join(profile, 'Default', 'Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: blocked } } }));
    context = await launchProfile(profile);
  });

  after(async () => {
    await context?.close();
    await server?.close();
    rmSync(profile, { recursive: true, force: true });
  });

  it('is told so in plain words, with something to do', async () => {
    const page = await context.newPage();
    const failures = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.goto(server.url);
    await page.getByRole('heading', { name: 'Frond cannot keep anything here' }).waitFor();
    await page.getByRole('button', { name: 'Load again', exact: true }).waitFor();
    assert.deepEqual(failures, []);
  });
});
