// A recovery code: made at sign-up, kept, rehearsed, and used by somebody who forgot the password.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

const newPassword = 'quiet harbour nine lamps';

describe('a recovery code', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, wire, browser, ana, ben, code;

  before(async () => {
    server = await Server.start();
    wire = await Wire.to(server.port);
    browser = await launch();
    ben = await (await Person.arrive(browser, server.url, 'ben')).signUp();
    ana = await Person.arrive(browser, server.url, 'ana', { acceptDownloads: true, permissions: ['clipboard-read', 'clipboard-write'] });
  });

  after(async () => {
    await browser?.close();
    await wire?.close();
    await server?.close();
  });

  it('is shown once after sign-up: eight groups to copy, print or save', async () => {
    await ana.fillSignUp();
    code = await ana.readRecoveryCode();
    assert.match(code, /^([0-9A-Z]{4}-){7}[0-9A-Z]{4}$/);
    await ana.button('Copy').click();
    await ana.page.getByText('Copied.').waitFor();
    assert.match(await ana.page.evaluate(() => navigator.clipboard.readText()), new RegExp(code.replaceAll('-', '.')));
    const [download] = await Promise.all([ana.page.waitForEvent('download'), ana.button('Save as a file').click()]);
    assert.equal(download.suggestedFilename(), 'frond-recovery-ana.txt');
    const saved = readFileSync(await download.path(), 'utf8');
    for (const part of [code, 'User name: ana', server.url.slice(0, -1)]) assert.ok(saved.includes(part), `the file lacks ${part}`);
  });

  it('on paper stands the code with whose it is, and nothing of the screen', async () => {
    await ana.page.emulateMedia({ media: 'print' });
    const sheet = ana.page.locator('.sheet');
    assert.ok(await sheet.isVisible());
    assert.deepEqual(await sheet.locator('.sheet-code li').allTextContents(), code.split('-'));
    assert.equal(await ana.button('Copy').isVisible(), false, 'buttons are printed');
    assert.equal(await ana.page.evaluate(() => getComputedStyle(document.body).overflow), 'visible');
    await ana.page.emulateMedia({ media: 'screen' });
    assert.equal(await sheet.isVisible(), false);
  });

  it('it is one sheet of paper, however long the list of conversations is', async () => {
    await ana.page.evaluate(() => {
      const item = document.querySelector('.list a');
      for (let i = 0; i < 100; i++) item.parentNode.append(Object.assign(item.cloneNode(true), { className: 'list-item extra' }));
    });
    await ana.page.emulateMedia({ media: null });
    const paper = await ana.page.pdf({ format: 'A4' });
    await ana.page.evaluate(() => document.querySelectorAll('.list .extra').forEach((item) => item.remove()));
    assert.equal(paper.toString('latin1').match(/\/Type\s*\/Page\b/g).length, 1);
  });

  it('counts only when part of it is typed back', async () => {
    await ana.button('I have kept it').click();
    const boxes = ana.page.getByRole('textbox', { name: /^Group \d$/ });
    await boxes.first().waitFor();
    assert.equal(await boxes.count(), 2);
    for (const box of await boxes.all()) await box.fill('ZZZZ');
    await ana.button('Confirm').click();
    assert.equal(await boxes.first().getAttribute('aria-invalid'), 'true');
    await ana.typeBack(code);
    await ana.page.getByRole('heading', { name: 'Your recovery code' }).waitFor({ state: 'detached' });
    await ana.ready();
  });

  it('then the settings say that both losses are safe, and a rehearsal agrees', async () => {
    await ana.startConversation('ben');
    await ana.say('before I forgot everything');
    await ana.seesSent('before I forgot everything');
    await ana.openSettings();
    await ana.page.getByText('Lose this device: safe').waitFor();
    await ana.page.getByText('Forget your password: safe').waitFor();
    await ana.button('Try it: a 20-second rehearsal').click();
    await ana.textbox('Recovery code').fill(mistyped(code));
    await ana.button('Check it').click();
    await ana.page.locator('.field-error:not(:empty)').waitFor();
    await ana.textbox('Recovery code').fill(code.toLowerCase().replaceAll('-', ' '));
    await ana.button('Check it').click();
    await ana.page.getByText('That is the right code').waitFor();
  });

  it('a code that was shown and put away is no rehearsal: it is not the account’s', async () => {
    await ana.page.getByRole('link', { name: 'New code', exact: true }).click();
    const other = await ana.readRecoveryCode();
    await ana.button('Cancel').click();
    await ana.button('Try it: a 20-second rehearsal').click();
    await ana.textbox('Recovery code').fill(other);
    await ana.button('Check it').click();
    await ana.page.getByText('This is not the recovery code of this account.').waitFor();
    await ana.textbox('Recovery code').fill(code);
    await ana.button('Check it').click();
    await ana.page.getByText('That is the right code').waitFor();
  });

  it('and say which messages a new device would not find', async () => {
    const card = ana.page.getByText('Messages of 1 conversation are kept on devices only and do not come along.');
    assert.equal(await card.count(), 0);
    await ana.startConversation('ben', 'Off the record');
    await ana.page.getByRole('button', { name: /^How long messages stay/ }).click();
    await ana.page.getByRole('radio', { name: 'Keep on devices only', exact: true }).check();
    await ana.button('Change').click();
    await ana.page.getByRole('dialog').waitFor({ state: 'detached' });
    await ana.openSettings();
    await card.waitFor();
    await ana.page.getByText('Lose this device: safe').waitFor();
    await ana.button('Sign out').click();
    await ana.page.getByRole('dialog').getByText('kept on devices only').waitFor();
    await ana.page.keyboard.press('Escape');
  });

  it('who skipped it is told that a forgotten password is not safe, and can make one later', async () => {
    const line = ben.page.getByText('No recovery code yet');
    for (const viewport of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      await ben.page.setViewportSize(viewport);
      await ben.page.goto(`${server.url}#/`);
      assert.ok(await line.isVisible(), 'nothing is said beside the list');
    }
    await ben.page.getByRole('link', { name: 'Make one', exact: true }).click();
    await ben.readRecoveryCode();
    assert.equal(await line.isVisible(), false, 'it is said beside the code, too');
    await ben.openSettings();
    await ben.page.getByText('Forget your password: NOT safe').waitFor();
    await ben.page.getByRole('link', { name: 'Make a recovery code' }).click();
    const later = await ben.readRecoveryCode();
    await ben.button('I have kept it').click();
    await ben.typeBack(later);
    await ben.page.getByText('Forget your password: safe').waitFor();
    assert.equal(await line.isVisible(), false, 'it is still said that there is no code');
  });

  it('a slip of the pen is noticed before anything is sent', async () => {
    const lost = await Person.arrive(browser, wire.url, 'ana');
    await lost.button('Forgot your password?').click();
    await lost.textbox('User name').fill('ana');
    await lost.textbox('Recovery code').fill(mistyped(code));
    await lost.textbox('New password').fill(newPassword);
    const heard = () => wire.heard().raw.reduce((sum, bytes) => sum + bytes.length, 0);
    const before = heard();
    await lost.button('Set the new password').click();
    await lost.page.locator('.field-error:not(:empty)').waitFor();
    assert.equal(await lost.textbox('Recovery code').getAttribute('aria-invalid'), 'true');
    assert.equal(heard(), before, 'the server heard of it');
    await lost.leave();
  });

  it('on a fresh browser it opens everything, under a new password', async () => {
    const back = await Person.arrive(browser, server.url, 'ana');
    await back.fillRecover(code, newPassword);
    await back.ready();
    await back.openConversation('ben');
    await back.sees('ana', 'before I forgot everything');
    await back.say('here I am again');
    await ben.openConversation('ana');
    await ben.sees('ana', 'here I am again');
    await back.leave();
  });

  it('and the old password opens nothing any more', async () => {
    const old = await Person.arrive(browser, server.url, 'ana');
    old.tolerate(/401/);
    await old.fillSignIn();
    await old.page.getByText('The user name or the password').waitFor({ timeout: 60_000 });
    await old.fillSignIn(newPassword);
    await old.ready();
    await old.leave();
    assert.notEqual(password, newPassword);
  });

  it('a reload as soon as it is signed in loses neither the account nor the new password', async () => {
    const last = 'seven slow brass kettles';
    const lost = await Person.arrive(browser, wire.url, 'ana');
    lost.tolerate(/WebSocket/);
    wire.refuse('/api/v1/socket');
    await lost.fillRecover(code, last);
    await lost.button('Settings').waitFor({ timeout: 60_000 });
    await lost.page.reload();
    await lost.button('Settings').waitFor();
    wire.mend();
    await lost.button('Connect now').click({ timeout: 3000 }).catch(() => {}); // it may connect by itself first
    await lost.openConversation('ben');
    await lost.sees('ana', 'here I am again');
    await lost.page.waitForTimeout(1000);
    const elsewhere = await Person.arrive(browser, server.url, 'ana');
    await elsewhere.signIn(last);
    for (const person of [lost, elsewhere]) await person.leave();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben]) await person.leave();
  });
});

/** The code with one character changed for another of the alphabet. */
const mistyped = (code) => code.slice(0, -1) + (code.at(-1) === '7' ? '8' : '7');
