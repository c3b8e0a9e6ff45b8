// A browser that lets pages keep nothing, as some private windows and settings do.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Person, launch, launchProfile, noBrowser } from './lib/people.mjs';
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

// Chromium gives tests no way to make a disk full, so the border to it is where it breaks: while it is
// `full`, every write of the worker's database ends as it does on a full disk, aborted with its reason.
const breakDisk = () => {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...values) {
    const request = put.apply(this, values);
    const { transaction } = this;
    if (globalThis.full && !transaction.error) {
      Object.defineProperty(transaction, 'error', { value: new DOMException('the disk is full', 'QuotaExceededError') });
      queueMicrotask(() => transaction.abort());
    }
    return request;
  };
};

describe('a browser that is full', { skip: noBrowser(), timeout: 300_000 }, () => {
  let server, browser, ana, ben;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben] = [await Person.arrive(browser, server.url, 'ana'), await Person.arrive(browser, server.url, 'ben')];
    for (const person of [ana, ben]) await person.signUp();
    await ana.startConversation('ben');
    await ben.openConversation('ana');
    await ana.say('while there is room');
    await ben.sees('ana', 'while there is room');
    await worker().evaluate(breakDisk);
    ana.tolerate(/QuotaExceededError|WebSocket/);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const worker = () => ana.page.workers()[0];
  const disk = (full) => worker().evaluate((f) => (globalThis.full = f), full);

  it('says so in plain words, and keeps what was written in the box', async () => {
    await disk(true);
    await ana.say('no room for this');
    await ana.page.getByRole('alert', { name: 'Notices' }).getByText('The browser could not store this.').waitFor();
    await ana.holds('no room for this'); // once the refusal is here; the notice may have been of the draft
    await ben.say('said meanwhile');
    await ben.seesSent('said meanwhile');
    assert.equal(await ben.page.getByText('no room for this').count(), 0);
  });

  it('once there is room, nothing is corrupted: what came meanwhile is there, and what waited is sent', async () => {
    await disk(false);
    await ana.sees('ben', 'said meanwhile', 60_000);
    await ana.button('Send').click();
    await ben.sees('ana', 'no room for this');
    await ana.page.reload();
    await ana.ready();
    await ana.openConversation('ben');
    for (const text of ['while there is room', 'no room for this']) await ana.sees('ana', text);
    await ana.say('after loading again');
    await ben.sees('ana', 'after loading again');
    assert.equal(await ana.page.locator('[data-state=unreadable]').count(), 0);
  });

  it('the settings say what this browser promises about its keys', async () => {
    await ana.openSettings();
    const card = ana.page.getByRole('region', { name: 'This browser', exact: true });
    await card.getByText(/Frond uses .* of the .* it may have here/).waitFor();
    await card.getByText(/a private window clears them|keeps Frond’s keys/).waitFor();
    for (const person of [ana, ben]) await person.leave();
  });
});
