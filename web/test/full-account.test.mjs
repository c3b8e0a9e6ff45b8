// An account with as many devices as it may have, none of which anybody uses: a new browser comes in the place of one.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const most = 10;
const newPassword = 'slow copper evening boat';

describe('an account with as many devices as it may have', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ada, code;

  const arrive = async () => {
    const person = await Person.arrive(browser, server.url, 'ada');
    person.tolerate(/the server responded with a status of 4\d\d/);
    return person;
  };
  const dialog = () => ada.page.getByRole('dialog', { name: 'Too many devices' });

  before(async () => {
    server = await Server.start('--unlimited');
    browser = await launch();
    const first = await arrive();
    await first.fillSignUp();
    code = await first.readRecoveryCode();
    await first.button('I have kept it').click();
    await first.typeBack(code);
    await first.ready();
    await first.openConversation('Everyone');
    await first.say('Written on the first one.');
    await first.seesSent('Written on the first one.');
    await first.page.waitForTimeout(4000); // keys are written to the vault a few seconds after a message
    await first.leave();
    for (let i = 1; i < most; i++) {
      const lost = await arrive();
      await lost.signIn();
      await lost.leave(); // a private window: nothing is left of it but its place
    }
    ada = await arrive();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('the right password shows the devices to choose from, and cancelling changes nothing', async () => {
    await ada.fillSignIn();
    await dialog().waitFor({ timeout: 60_000 });
    assert.equal(await dialog().getByRole('radio').count(), most);
    assert.ok(await ada.button('Sign in and remove it').isDisabled());
    await ada.button('Cancel').click();
    await dialog().waitFor({ state: 'detached' });
    assert.ok(await ada.button('Sign in').isEnabled());
  });

  it('the one that is chosen goes, and this browser has everything', async () => {
    await ada.fillSignIn();
    await dialog().waitFor({ timeout: 60_000 });
    await dialog().getByRole('radio').first().check();
    await ada.button('Sign in and remove it').click();
    await ada.ready();
    assert.equal(await dialog().count(), 0);
    await ada.openConversation('Everyone');
    await ada.sees('ada', 'Written on the first one.', 60_000);
    await ada.openSettings();
    const rows = ada.page.locator('.devices li');
    await rows.nth(most - 1).waitFor();
    assert.equal(await rows.count(), most);
    assert.equal(await rows.filter({ hasText: 'This device' }).count(), 1);
    await ada.leave();
  });

  it('the recovery code opens the same way, and sets the new password', async () => {
    ada = await arrive();
    await ada.fillRecover(code, newPassword);
    await dialog().waitFor({ timeout: 60_000 });
    await dialog().getByRole('radio').nth(1).check();
    await ada.button('Sign in and remove it').click();
    await ada.ready();
    await ada.leave();
  });
});
