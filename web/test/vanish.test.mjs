// A device of ben has just signed in and is offline when ben comes into a group, and still when he is taken out of it. Then
// it hears of the group from another device of his, shows it, and does not get in. It may be open by then.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

describe('a conversation that is gone before a new device came in', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, wire, ana, ben, phone, address;

  before(async () => {
    server = await Server.start();
    wire = await Wire.to(server.port);
    browser = await launch();
    [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben]) await person.signUp();
    phone = await Person.arrive(browser, wire.url, 'ben', { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true });
    phone.tolerate(/WebSocket/, /no such conversation/);
    wire.refuse('/api/v1/socket');
    await phone.fillSignIn();
    await phone.button('Settings').waitFor({ timeout: 60_000 });
    await ana.startConversation('ben', 'Boat');
    await ana.say('all aboard');
    await ben.openConversation('Boat');
    await ben.sees('ana', 'all aboard');
    await ben.page.waitForTimeout(4000); // the account's state names the group within seconds
    await ben.page.close();
    await ana.page.getByRole('link', { name: 'Members', exact: true }).click();
    await ana.button('Remove ben').click();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await ana.page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  after(async () => {
    await browser?.close();
    await wire?.close();
    await server?.close();
  });

  it('it is shown while the device tries to come in, and is opened', async () => {
    // Within the page: it is there for a few seconds only.
    const opened = phone.page.evaluate(() => {
      const { promise, resolve } = Promise.withResolvers();
      new MutationObserver(() => {
        const link = [...document.querySelectorAll('nav a')].find((a) => a.textContent.includes('A group'));
        if (link && location.hash === '#/') link.click();
        if (document.querySelector('[role=log]')) resolve([document.querySelector('h1.top-title').textContent, location.hash]);
      }).observe(document.body, { childList: true, subtree: true });
      return promise;
    });
    wire.mend();
    await phone.button('Connect now').click({ timeout: 3000 }).catch(() => {}); // it may connect by itself first
    const [title, hash] = await opened;
    assert.equal(title, 'A group');
    address = hash;
  });

  it('then there is the list, and a line that says why, and no way back into it', async () => {
    await phone.page.getByText('As the server says, this account was taken out of a conversation, or left it').waitFor();
    await phone.link('Everyone').waitFor();
    assert.equal(new URL(phone.page.url()).hash, '#/');
    for (const gone of [phone.link('A group'), phone.textbox('Message'), phone.messages]) assert.equal(await gone.count(), 0);
    assert.ok(await phone.conversations.evaluate((list) => list.contains(document.activeElement)), 'the focus is lost');
    await phone.page.goBack();
    await phone.page.waitForTimeout(300);
    assert.equal(new URL(phone.page.url()).hash, '#/');
    assert.ok(await phone.link('Everyone').isVisible());
  });

  it('whoever follows an old address to it reads that it is not here, and finds the list', async () => {
    await phone.page.goto(`${wire.url}${address}`);
    await phone.page.getByRole('heading', { name: 'This conversation is not here' }).waitFor();
    await phone.page.getByRole('link', { name: 'Back to the list', exact: true }).click();
    await phone.link('Everyone').click();
    await phone.messages.waitFor();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, phone]) await person.leave();
  });
});
