// A long conversation: reading upwards, being further up while others write, and coming back.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const count = 330; // more than the page keeps nodes for

describe('a long conversation', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, ben, tablet;

  before(async () => {
    server = await Server.start('--unlimited');
    browser = await launch();
    [ana, ben] = [await Person.arrive(browser, server.url, 'ana'), await Person.arrive(browser, server.url, 'ben')];
    for (const person of [ana, ben]) await person.signUp();
    await ana.startConversation('ben');
    for (let i = 1; i <= count; i++) {
      await ana.textbox('Message').fill(i % 9 ? `number ${i}.` : `number ${i}. ${'It has more to say than the others. '.repeat(i % 5)}`);
      await ana.textbox('Message').press('Enter');
    }
    await ana.seesSent(`number ${count}.`);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  /** How far the bar was, each time it moved, once it is gone. */
  const watched = (page) =>
    page.evaluate(() => new Promise((resolve) => {
      const steps = [];
      const look = () => {
        const bar = document.querySelector('.restore:not([hidden]) progress');
        if (bar?.hasAttribute('value') && steps.at(-1) !== bar.value) steps.push(bar.value);
        if (!bar && steps.length > 0) resolve(steps);
        else setTimeout(look);
      };
      look();
    }));
  const texts = () => ben.messages.locator('.message-text').allInnerTexts();
  const nodes = () => ben.messages.getByRole('article').count();
  const scroll = (by) => ben.messages.evaluate((log, dy) => (log.scrollTop += dy), by);
  /** The text of the first message in view and where it stands. */
  const inView = () => ben.messages.evaluate((log) => {
    const top = log.getBoundingClientRect().top;
    const first = [...log.querySelectorAll('article')].find((a) => a.getBoundingClientRect().bottom > top);
    return { text: first.querySelector('.message-text')?.textContent, at: Math.round(first.getBoundingClientRect().top - top) };
  });

  it('opens where the reader left off, with what is new below a line', async () => {
    await ben.page.locator(`a[aria-description^="${count} unread messages"]`).waitFor({ timeout: 60_000 });
    await ben.openConversation('ana');
    await ben.messages.getByText('New messages').waitFor();
    assert.ok((await nodes()) <= 305, `${await nodes()} nodes`);
  });

  it('reading upwards reaches the first message and passes each one once', async () => {
    await ben.button('Go to the newest message').click();
    await ben.sees('ana', `number ${count}.`);
    const seen = new Set();
    for (let i = 0; i < 400 && !(await ben.messages.getByText('This is the beginning.').isVisible()); i++) {
      for (const text of await texts()) seen.add(text);
      await scroll(-1500);
      await ben.page.waitForTimeout(30);
      assert.ok((await nodes()) <= 305, `${await nodes()} nodes`);
    }
    for (const text of await texts()) seen.add(text);
    const numbers = [...seen].map((t) => Number(/^number (\d+)\./.exec(t)?.[1])).filter(Boolean);
    assert.equal(new Set(numbers).size, count);
  });

  it('what others write meanwhile moves nothing, and is counted', async () => {
    await scroll(600);
    await ben.page.waitForTimeout(200);
    const before = await inView();
    await ana.say('You are far up, Ben.');
    await ana.say('Come down.');
    await ben.page.getByRole('button', { name: '2 new messages' }).waitFor();
    assert.deepEqual(await inView(), before);
  });

  it('one press leads to the newest, and there the reader stays', async () => {
    await ben.page.getByRole('button', { name: '2 new messages' }).click();
    await ben.sees('ana', 'Come down.');
    const atBottom = () => ben.messages.evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 2);
    assert.ok(await atBottom(), 'not at the bottom');
    for (let i = 0; i < 5; i++) await ana.say(`Welcome back, ${i}.`);
    await ben.sees('ana', 'Welcome back, 4.');
    await ben.page.waitForTimeout(100);
    assert.ok(await atBottom(), 'new messages pushed the reader up');
  });

  it('a new browser shows how far the messages have come, the newest first, and brings every one', async () => {
    tablet = await Person.arrive(browser, server.url, 'ana');
    const seen = watched(tablet.page);
    await tablet.signIn();
    await tablet.openConversation('ben');
    await tablet.sees('ana', 'Welcome back, 4.');
    await tablet.page.getByRole('progressbar').waitFor({ state: 'hidden', timeout: 60_000 });
    const steps = await seen;
    assert.ok(steps.length > 0 && steps.every((now, i) => i === 0 || now >= steps[i - 1]), `the bar went ${steps}`);
    await tablet.page.evaluate(() => (document.querySelector('[role=log]').scrollTop = 0));
    for (let i = 0; i < 100 && !(await tablet.messages.getByText('This is the beginning.').isVisible()); i++) {
      await tablet.messages.evaluate((log) => (log.scrollTop -= 3000));
      await tablet.page.waitForTimeout(50);
    }
    await tablet.sees('ana', 'number 1.');
    assert.equal(await tablet.page.locator('[data-state=unreadable]').count(), 0);
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, tablet]) await person.leave();
  });
});
