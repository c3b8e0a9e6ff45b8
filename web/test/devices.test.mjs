// One account in several browsers: history comes along, everything stays in step, and a device that is
// removed is out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const newPassword = 'slow copper evening boat';

describe('several devices', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, tablet, ben;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben] = [await Person.arrive(browser, server.url, 'ana'), await Person.arrive(browser, server.url, 'ben')];
    for (const person of [ana, ben]) await person.signUp();
    await ana.startConversation('ben');
    await ben.openConversation('ana');
    for (let i = 1; i <= 5; i++) {
      await ana.say(`ana ${i}`);
      await ben.sees('ana', `ana ${i}`);
      await ben.say(`ben ${i}`);
      await ana.sees('ben', `ben ${i}`);
    }
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('a second browser signs in and sees the whole history, its own messages as its own', async () => {
    await ana.page.waitForTimeout(4000); // keys are written to the vault a few seconds after a message
    tablet = await Person.arrive(browser, server.url, 'ana');
    await tablet.signIn();
    await tablet.openConversation('ben');
    for (let i = 1; i <= 5; i++) {
      await tablet.sees('ana', `ana ${i}`);
      await tablet.sees('ben', `ben ${i}`);
    }
    const own = tablet.messages.locator('article.own');
    assert.equal(await own.count(), 5);
    assert.equal(await tablet.page.getByText('cannot be opened').count(), 0);
  });

  it('the first browser is told, and stays signed in', async () => {
    await ana.page.getByText('New device signed in:').waitFor();
    await ana.button('That was me').click();
    await ana.page.getByText('New device signed in:').waitFor({ state: 'detached' });
    assert.ok(await ana.textbox('Message').isEnabled());
  });

  it('what is written on one is on the other, and both hear the rest', async () => {
    await tablet.say('from the tablet');
    for (const person of [ana, ben, tablet]) await person.sees('ana', 'from the tablet');
    await ana.say('from the desk');
    for (const person of [ana, ben, tablet]) await person.sees('ana', 'from the desk');
    await ben.say('both of you');
    for (const person of [ana, tablet]) await person.sees('ben', 'both of you');
  });

  it('the settings list both, and this one is marked', async () => {
    await ana.openSettings();
    const rows = ana.page.locator('.devices li');
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), 2);
    assert.equal(await rows.filter({ hasText: 'This device' }).count(), 1);
  });

  it('the password is changed, and other devices stay', async () => {
    await ana.textbox('Current password').fill('not my password');
    await ana.textbox('New password').fill(newPassword);
    await ana.button('Change password').click();
    await ana.page.getByText('This is not your current password').waitFor({ timeout: 60_000 });
    await ana.textbox('Current password').fill(ana.password);
    await ana.button('Change password').click();
    await ana.page.getByText('Your password is changed').waitFor({ timeout: 60_000 });
    await tablet.say('still here');
    await ben.sees('ana', 'still here');
  });

  it('a device that is removed is signed out within 5 seconds, and reads nothing more', async () => {
    tablet.tolerate(/WebSocket connection to .* failed/, /401/);
    await ana.page.locator('.devices').getByRole('status').evaluate((node) => {
      node.said = []; // with two conversations it is gone in a moment
      new MutationObserver(() => node.said.push(node.textContent)).observe(node, { childList: true });
    });
    await ana.page.locator('.devices li').filter({ hasNotText: 'This device' }).getByRole('button', { name: /^Remove / }).click();
    const dialog = ana.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Remove it', exact: true }).click();
    await tablet.button('Sign in').waitFor({ timeout: 5000 });
    await tablet.page.getByText('This browser was signed out').waitFor();
    await dialog.waitFor({ state: 'detached' });
    const status = ana.page.locator('.devices').getByRole('status');
    await status.getByText('The removed device is out of every conversation.').waitFor();
    assert.equal((await status.evaluate((node) => node.said))[0], 'Removing it from 2 conversations… Keep this page open.');
    await ben.say('only for who is left');
    await ana.openConversation('ben');
    await ana.sees('ben', 'only for who is left');
    await tablet.page.reload();
    await tablet.button('Sign in').waitFor();
    assert.equal(await tablet.page.getByText('only for who is left').count(), 0);
  });

  it('the old password opens nothing, the new one everything', async () => {
    tablet.tolerate(/401/);
    await tablet.fillSignIn();
    await tablet.page.getByText('The user name or the password').waitFor({ timeout: 60_000 });
    await ana.page.waitForTimeout(4000);
    await tablet.fillSignIn(newPassword);
    await tablet.ready();
    await tablet.openConversation('ben');
    await tablet.sees('ben', 'only for who is left');
    await tablet.sees('ana', 'ana 1');
  });

  it('the news of a removed device leads to the password, also from the page with the password', async () => {
    const phone = await (await Person.arrive(browser, server.url, 'ana')).signIn(newPassword);
    phone.tolerate(/WebSocket connection to .* failed/, /401/);
    await ana.button('That was me').first().waitFor();
    await phone.nameDevice('Lost phone');
    await tablet.removeDevice('Lost phone');
    await phone.button('Sign in').waitFor();
    const link = ana.page.locator('.news-item').filter({ hasText: 'Device removed: Lost phone' }).getByRole('link', { name: 'Change password', exact: true });
    const asked = () => ana.page.waitForFunction(() => document.activeElement?.name === 'current-password');
    await link.click();
    await asked();
    assert.equal(new URL(ana.page.url()).hash, '#/settings/password');
    await ana.page.locator('.panel-scroll').evaluate((node) => (node.scrollTop = 0));
    await link.press('Enter');
    await asked();
    assert.ok(await ana.textbox('Current password').evaluate((box) => box.getBoundingClientRect().bottom < innerHeight), 'it is out of sight');
    await phone.leave();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, tablet]) await person.leave();
  });
});
