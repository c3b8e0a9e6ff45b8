// How long messages stay: seen by everybody, changed by those who may, and kept to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('how long messages stay', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, ben, carl;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben, carl] = await Promise.all(['ana', 'ben', 'carl'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl]) await person.signUp();
    await ana.startConversation('ben, carl', 'Boat');
    for (const person of [ben, carl]) await person.openConversation('Boat');
    await ana.say('kept for good');
    for (const person of [ben, carl]) await person.sees('ana', 'kept for good');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const button = (person) => person.page.getByRole('button', { name: /^How long messages stay: / });
  const mode = (person, name) => person.page.getByRole('dialog').getByRole('radio', { name, exact: true });
  const head = (person) => person.page.locator('.top-detail');

  it('who may not change it sees how it is, and by whom it is changed', async () => {
    await button(ben).click();
    await ben.page.getByText('Only those whose role allows it can change this.').waitFor();
    assert.equal(await mode(ben, 'Let them disappear').isEnabled(), false);
    assert.equal(await ben.button('Change').count(), 0);
    await ben.button('Close').click();
  });

  it('an owner lets messages disappear, by keyboard, and everybody is told', async () => {
    const press = (key) => ana.page.keyboard.press(key);
    await button(ana).focus();
    await press('Enter');
    await ana.page.getByText('This counts for what is written from now on').waitFor();
    assert.ok(await mode(ana, 'Keep everything').evaluate((n) => n === document.activeElement));
    await press('ArrowDown');
    await press('ArrowDown');
    assert.ok(await mode(ana, 'Let them disappear').isChecked());
    await ana.page.getByRole('combobox', { name: 'Disappear after', exact: true }).selectOption('1 hour');
    await ana.button('Change').click();
    for (const person of [ana, ben, carl]) {
      await head(person).getByText('Disappears after 1 hour').waitFor();
      await person.messages.getByText(/disappear.* 1 hour/).waitFor();
    }
  });

  it('what is written then says how long it still stays, and what was there before does not', async () => {
    await ben.say('short-lived');
    for (const person of [ana, ben, carl]) {
      await person.sees('ben', 'short-lived');
      await person.items('ben', 'short-lived').getByText(/Disappears in (1 hour|\d\d minutes)/).waitFor({ state: 'attached' });
      assert.equal(await person.items('ana', 'kept for good').getByText('Disappears in').count(), 0);
    }
  });

  it('what is kept on devices only is not there on a new one, and the rest is', async () => {
    await button(ana).click();
    await mode(ana, 'Keep on devices only').check();
    await ana.button('Change').click();
    for (const person of [ana, ben, carl]) await head(person).getByText('Kept on devices only').waitFor();
    await ana.say('only where it came');
    for (const person of [ben, carl]) await person.sees('ana', 'only where it came');
    await carl.page.waitForTimeout(4000); // keys of other messages are written to the vault within seconds
    const tablet = await (await Person.arrive(browser, server.url, 'carl')).signIn();
    await tablet.openConversation('Boat');
    await tablet.sees('ana', 'kept for good');
    assert.equal(await tablet.page.getByText('only where it came').count(), 0);
    await tablet.leave();
  });

  it('a private conversation has the same choice, for both', async () => {
    await ben.startConversation('carl');
    await carl.openConversation('ben');
    await button(carl).click();
    await mode(carl, 'Let them disappear').check();
    await carl.button('Change').click();
    await head(ben).getByText('Disappears after 1 day').waitFor();
  });

  it('whose clock is wrong by a day is told so', async () => {
    const notices = carl.page.getByRole('alert', { name: 'Notices' });
    assert.equal(await notices.getByText('clock').count(), 0);
    await carl.page.clock.setSystemTime(Date.now() + 86_460_000);
    await carl.page.reload();
    await notices.getByText('The clock of this device is ahead by 2 days.').or(notices.getByText('The clock of this device is ahead by 1 day.')).waitFor({ timeout: 60_000 });
    await carl.button('Dismiss').click();
    await notices.getByText('clock').waitFor({ state: 'detached' });
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, carl]) await person.leave();
  });
});
