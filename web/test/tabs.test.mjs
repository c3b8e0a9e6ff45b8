// One tab at a time runs the core, and a tab may end at any moment.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('tabs', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, ben;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben] = [await Person.arrive(browser, server.url, 'ana'), await Person.arrive(browser, server.url, 'ben')];
    for (const person of [ana, ben]) await person.signUp();
    await ana.startConversation('ben');
    await ana.say('from the first tab');
    await ben.openConversation('ana');
    await ben.sees('ana', 'from the first tab');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('a second tab says that the first one is open, and can take over', async () => {
    const first = ana.page;
    await ana.open();
    const second = ana.page;
    await second.getByRole('heading', { name: 'Frond is open in another tab' }).waitFor();
    assert.equal(await first.getByRole('textbox', { name: 'Message' }).count(), 1, 'the first tab was disturbed');
    await first.getByRole('button', { name: 'New conversation' }).click();
    await second.getByRole('button', { name: 'Use Frond here' }).click();
    await first.getByRole('heading', { name: 'Frond is open in another tab' }).waitFor();
    await first.getByRole('dialog').waitFor({ state: 'detached' });
    await ana.openConversation('ben');
    await ana.sees('ana', 'from the first tab');
    await ana.say('from the second tab');
    await ben.sees('ana', 'from the second tab');
  });

  it('and back again, many times, without losing or doubling a message', async () => {
    const tabs = ana.context.pages();
    for (let i = 0; i < 6; i++) {
      ana.page = tabs[i % 2];
      await ana.button('Use Frond here').click();
      await ana.openConversation('ben');
      await ana.say(`take over ${i}`);
      await ben.sees('ana', `take over ${i}`);
    }
  });

  it('when the tab in use is closed, the waiting one goes on by itself', async () => {
    const [first, second] = ana.context.pages();
    await second.close();
    ana.page = first;
    await ana.openConversation('ben');
    await ana.sees('ana', 'from the second tab');
  });

  it('a tab closed in the middle of a send loses nothing that it showed, and doubles nothing', async () => {
    for (let i = 0; i < 8; i++) {
      const text = `closing time ${i}`;
      await ana.textbox('Message').fill(text);
      await ana.textbox('Message').press('Enter');
      if (i % 2 === 0) await ana.items('ana', text).waitFor(); // shown: from here on it is a promise
      await ana.page.close();
      await ana.open();
      await ana.ready();
      await ana.openConversation('ben');
      if (i % 2 === 0) await ben.sees('ana', text);
      await ana.say(`after ${i}`);
      await ben.sees('ana', `after ${i}`);
    }
    for (let i = 0; i < 8; i++) assert.ok((await ben.items('ana', `closing time ${i}`).count()) <= 1, `closing time ${i} is there twice`);
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben]) await person.leave();
  });
});
