// Blocking somebody: what they write is out of sight, on all devices, and comes back when it is taken back.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('somebody is blocked', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, ben, carl;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben, carl] = await Promise.all(['ana', 'ben', 'carl'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl]) await person.signUp();
    await carl.startConversation('ana, ben', 'Boat');
    await ben.startConversation('ana');
    await ben.say('you again');
    await ana.openConversation('ben');
    await ana.sees('ben', 'you again');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const dialog = () => ana.page.getByRole('dialog');

  it('from the page of the contact, after being asked', async () => {
    await ana.page.getByRole('link', { name: 'Safety number', exact: true }).click();
    await ana.button('Block ben').click();
    await dialog().getByText('ben is not told').waitFor();
    await dialog().getByRole('button', { name: 'Block', exact: true }).click();
    await ana.page.getByText('You have blocked ben.').waitFor();
    await ana.link('ben').getByText('Blocked').waitFor();
    await ana.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await ana.page.getByText('You hear nothing from ben until you take that back.').waitFor();
    assert.equal(await ana.textbox('Message').isVisible(), false);
  });

  it('what they write then is out of sight, also in groups, and counts as nothing new', async () => {
    await ben.say('are you there?');
    await ben.seesSent('are you there?');
    await ben.openConversation('Boat');
    await ben.say('ahoy from ben');
    await carl.openConversation('Boat');
    await carl.sees('ben', 'ahoy from ben');
    await carl.say('ahoy from carl');
    await ana.openConversation('Boat');
    await ana.sees('carl', 'ahoy from carl');
    await ana.messages.getByText('You blocked this person.').waitFor();
    for (const text of ['ahoy from ben', 'are you there?']) assert.equal(await ana.page.getByText(text).count(), 0);
    assert.doesNotMatch((await ana.link('ben').getAttribute('aria-description')) ?? '', /unread/);
  });

  it('the members show it, and a second browser of hers knows it too', async () => {
    await ana.page.getByRole('link', { name: 'Members', exact: true }).click();
    await ana.page.locator('.rows li').filter({ hasText: 'ben' }).getByText('Blocked').waitFor();
    const tablet = await (await Person.arrive(browser, server.url, 'ana')).signIn();
    await tablet.link('ben').getByText('Blocked').waitFor();
    await tablet.leave();
  });

  it('taken back, everything is there', async () => {
    await ana.button('Unblock ben').click();
    await ana.button('Block ben').waitFor();
    await ana.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await ana.sees('ben', 'ahoy from ben');
    await ana.openConversation('ben');
    await ana.sees('ben', 'are you there?');
    await ana.say('now I am');
    await ben.openConversation('ana');
    await ben.sees('ana', 'now I am');
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, carl]) await person.leave();
  });
});
