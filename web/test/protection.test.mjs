// High protection: the password alone opens nothing. A new browser needs the recovery code, or the
// person's yes on a device that is in already.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('high protection', { skip: noBrowser(), timeout: 600_000 }, () => {
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

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben]) await person.leave();
  });
});
