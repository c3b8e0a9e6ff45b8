// High protection: the password alone opens nothing. A new browser needs the recovery code, or the
// person's yes on a device that is in already.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cameraFlags, filmOf } from './lib/camera.mjs';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

describe('high protection', { skip: noBrowser(), timeout: 600_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'frond-camera-'));
  const film = path.join(folder, 'film.y4m');
  let server, browser, ana, ben, code;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    ben = await (await Person.arrive(browser, server.url, 'ben')).signUp();
    ana = await (await Person.arrive(browser, server.url, 'ana')).signUp();
    await ana.startConversation('ben');
    await ana.say('from before');
    await ana.seesSent('from before');
    await ana.openSettings();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const protection = () => ana.page.getByRole('switch', { name: 'The password alone is not enough', exact: true });
  const dialog = () => ana.page.getByRole('dialog');
  async function turnOn(secret = password) {
    await protection().click();
    await dialog().getByLabel('Current password').fill(secret);
    await dialog().getByRole('button', { name: 'Turn it on', exact: true }).click();
  }

  it('is refused while there would be no other way in', async () => {
    ana.tolerate(/open a vault epoch/); // the core's log of the refusal
    await turnOn();
    await dialog().locator('.form-alert:not(:empty)').waitFor({ timeout: 60_000 });
    await ana.page.keyboard.press('Escape');
    assert.equal(await protection().isChecked(), false);
  });

  it('needs the password, and then is on', async () => {
    await ana.page.getByRole('link', { name: 'Make a recovery code' }).click();
    code = await ana.readRecoveryCode();
    await ana.button('I have kept it').click();
    await ana.typeBack(code);
    await ana.page.getByText('Forget your password: safe').waitFor();
    await turnOn('not the password');
    await dialog().locator('.field-error:not(:empty)').waitFor({ timeout: 60_000 });
    await dialog().getByLabel('Current password').fill(password);
    await dialog().getByRole('button', { name: 'Turn it on', exact: true }).click();
    await ana.page.getByText('High protection is on.').waitFor({ timeout: 60_000 });
    assert.equal(await protection().isChecked(), true);
  });

  const arriveAtTheLock = async () => {
    const person = await Person.arrive(browser, server.url, 'ana');
    await person.fillSignIn();
    await person.page.getByRole('heading', { name: 'The password alone opens nothing' }).waitFor({ timeout: 60_000 });
    return person;
  };

  it('from then on the password leads to a locked door, and the recovery code opens it', async () => {
    const tablet = await arriveAtTheLock();
    assert.equal(await tablet.conversations.count(), 0);
    await tablet.button('Use the recovery code').click();
    await tablet.textbox('Recovery code').fill(code.slice(0, -1) + (code.at(-1) === '7' ? '8' : '7'));
    await tablet.button('Unlock').click();
    await tablet.page.locator('.field-error:not(:empty)').waitFor();
    await tablet.textbox('Recovery code').fill(code);
    await tablet.button('Unlock').click();
    await tablet.ready();
    await tablet.openConversation('ben');
    await tablet.sees('ana', 'from before');
    await tablet.leave();
  });

  it('who knows the password alone can turn away and sign in as somebody else', async () => {
    const thief = await arriveAtTheLock();
    await thief.button('Sign in as somebody else').click();
    await thief.button('Sign in').waitFor();
    await thief.page.reload();
    await thief.button('Sign in').waitFor();
    await thief.leave();
  });

  const asks = () => ana.page.getByText('asks to be let into your account');

  it('or a device that is in already says yes, when both show the same six digits', async () => {
    const tablet = await arriveAtTheLock();
    await tablet.button('Approve from another device').click();
    await tablet.page.getByRole('img', { name: 'QR code for your other device' }).waitFor();
    await asks().waitFor();
    await ana.button('Look at it').click();
    await dialog().getByText('Chrome on Linux').waitFor();
    await dialog().getByText('That is what the device calls itself.').waitFor();
    const digitsOf = async (person) => (await person.page.locator('.digits span').allTextContents()).join('');
    await dialog().locator('.digits span').first().waitFor();
    await tablet.page.locator('.digits span').first().waitFor();
    assert.match(await digitsOf(ana), /^\d{6}$/);
    assert.equal(await digitsOf(ana), await digitsOf(tablet));
    const allow = dialog().getByRole('button', { name: 'Allow', exact: true });
    assert.equal(await allow.isEnabled(), false, 'it can be allowed without comparing');
    await dialog().getByLabel('The other device shows these digits').check();
    await allow.click();
    await tablet.ready();
    await dialog().waitFor({ state: 'detached' });
    await tablet.openConversation('ben');
    await tablet.sees('ana', 'from before');
    await tablet.leave();
  });

  it('or scans the code that the new one shows', async (t) => {
    const tablet = await arriveAtTheLock();
    await tablet.button('Approve from another device').click();
    await tablet.page.locator('svg.qr').waitFor();
    await filmOf(tablet.page, film);
    const eyes = await launch(...cameraFlags(film));
    t.after(() => eyes.close());
    const phone = await Person.arrive(eyes, server.url, 'ana', { permissions: ['camera'] });
    await phone.fillSignIn();
    await phone.button('Use the recovery code').click({ timeout: 60_000 });
    await phone.textbox('Recovery code').fill(code);
    await phone.button('Unlock').click();
    await phone.ready();
    await phone.button('Look at it').click();
    await phone.button('Scan its code instead').click();
    await phone.page.getByText('The code is the right one.').waitFor();
    await phone.button('Allow').click();
    await tablet.ready();
    await asks().waitFor({ state: 'detached' });
    for (const person of [tablet, phone]) await person.leave();
  });

  it('or says no, and is told what that may mean', async () => {
    const thief = await arriveAtTheLock();
    thief.tolerate(/401/);
    await thief.button('Approve from another device').click();
    await asks().waitFor();
    await ana.button('Look at it').click();
    await dialog().getByRole('button', { name: 'Deny', exact: true }).click();
    await ana.page.getByText('somebody knows your password').waitFor();
    await thief.page.getByText('Your other device has refused this browser.').waitFor();
    await thief.button('Sign in').waitFor();
    await thief.leave();
  });

  it('who turns away takes the question back', async () => {
    const tablet = await arriveAtTheLock();
    await tablet.button('Approve from another device').click();
    await asks().waitFor();
    await tablet.button('Another way').click();
    await asks().waitFor({ state: 'detached' });
    await tablet.leave();
  });

  // The password that was set first counts. Whose came too late is told, also after a reload, and can set one.
  it('a new password that came too late is said not to be set, and can be set again', async (t) => {
    const wire = await Wire.to(server.port);
    t.after(() => wire.close());
    const late = await Person.arrive(browser, wire.url, 'ana');
    late.tolerate(/WebSocket/, /not set/); // the core's log
    wire.refuse('/api/v1/socket');
    await late.fillRecover(code, 'the first of the two');
    await late.button('Settings').waitFor({ timeout: 60_000 });
    const first = await Person.arrive(browser, server.url, 'ana');
    await first.fillRecover(code, 'the second of the two');
    await first.ready();
    await first.openConversation('ben');
    await first.sees('ana', 'from before');
    await first.page.waitForTimeout(1000);
    wire.mend();
    const told = late.page.getByText('The new password could not be set');
    await late.button('Connect now').click({ timeout: 3000 }).catch(() => {}); // it may connect by itself first
    await told.waitFor();
    await late.page.reload();
    await told.waitFor();
    await late.button('Set a new password').click();
    const set = late.page.getByRole('dialog').getByRole('button', { name: 'Set the new password', exact: true });
    await late.textbox('Recovery code').fill(code.slice(0, -1) + (code.at(-1) === '7' ? '8' : '7'));
    await late.textbox('New password').fill('the third and the last');
    await set.click();
    await late.page.locator('.field-error:not(:empty)').waitFor();
    await late.textbox('Recovery code').fill(code);
    await set.click();
    await told.waitFor({ state: 'detached', timeout: 60_000 });
    const door = await Person.arrive(browser, server.url, 'ana');
    await door.fillSignIn('the third and the last');
    await door.page.getByRole('heading', { name: 'The password alone opens nothing' }).waitFor({ timeout: 60_000 });
    for (const person of [late, first, door]) await person.leave();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben]) await person.leave();
  });
});
