// A small screen: the list and a conversation are two screens.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

// In the page: the parts of the screen of which one can see two in the same place.
function overlaps() {
  const log = document.querySelector('[role=log]').getBoundingClientRect();
  const seen = (node) => {
    const { left, top, right, bottom } = node.getBoundingClientRect();
    const clip = node.closest('[role=log]') ? [Math.max(top, log.top), Math.min(bottom, log.bottom)] : [top, bottom];
    return { name: `${node.className || node.tagName} "${node.textContent.slice(0, 30)}"`, left, right, top: clip[0], bottom: clip[1] };
  };
  const parts = [...document.querySelectorAll('.banners > *, .top, .composer, .key-changed, .timeline-empty > *, .timeline-top, .timeline-day, .notice')];
  const there = parts.map(seen).filter((r) => r.right - r.left > 1 && r.bottom - r.top > 1);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return there.flatMap((a, i) => there.slice(i + 1).filter((b) => meet(a, b)).map((b) => `${a.name} and ${b.name}`));
}

describe('on a phone', { skip: noBrowser(), timeout: 300_000 }, () => {
  let server, browser, ana, ben;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    ben = await (await Person.arrive(browser, server.url, 'ben')).signUp();
    ana = await Person.arrive(browser, server.url, 'ana', phone);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const back = () => ana.page.getByRole('link', { name: 'Back to the list', exact: true });
  const fits = async (what) => {
    const width = await ana.page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${what} is ${width} pixels wide`);
  };

  it('a person signs up and sees the list alone', async () => {
    await fits('the first page');
    await ana.signUp();
    await fits('the list');
    assert.equal(await ana.textbox('Message').isVisible().catch(() => false), false);
  });

  it('a conversation takes the whole screen, and there is a way back', async () => {
    await ana.startConversation('ben');
    await fits('the conversation');
    assert.equal(await ana.link('ben').isVisible(), false, 'the list is still there');
    await ana.say(`${'long'.repeat(60)} https://example.org/${'path/'.repeat(40)}`);
    await ana.messages.getByRole('link').waitFor();
    await fits('a long word');
    await back().click();
    await ana.link('ben').waitFor();
    assert.equal(await ana.messages.isVisible().catch(() => false), false);
  });

  it('the browser’s own way back works as well', async () => {
    await ana.openConversation('Everyone');
    await ana.page.goBack();
    await ana.link('ben').waitFor();
    await ana.page.goForward();
    await ana.messages.waitFor();
  });

  it('what was begun in one conversation waits there as a draft', async () => {
    await ana.textbox('Message').fill('half a thought');
    await back().click();
    await ana.openConversation('ben');
    assert.equal(await ana.textbox('Message').inputValue(), '');
    await back().click();
    await ana.openConversation('Everyone');
    assert.equal(await ana.textbox('Message').inputValue(), 'half a thought');
  });

  it('the box grows with its text, and not beyond the screen', async () => {
    const height = () => ana.textbox('Message').evaluate((box) => box.clientHeight);
    const one = await height();
    await ana.textbox('Message').fill('a\nb\nc\nd');
    const four = await height();
    assert.ok(four > one * 2, `${one} then ${four} pixels`);
    await ana.textbox('Message').fill('line\n'.repeat(200));
    assert.ok((await height()) <= 260, `${await height()} pixels`);
    assert.ok(await ana.button('Send').isVisible());
    await ana.textbox('Message').fill('');
    assert.equal(await height(), one);
  });

  it('in an empty conversation nothing stands on anything else, however little room there is', async () => {
    await ana.page.clock.setSystemTime(Date.now() + 86_460_000); // so that a notice says so
    await ana.page.reload();
    await ana.page.getByText('The clock of this device is ahead').waitFor({ timeout: 60_000 });
    const tablet = await (await Person.arrive(browser, server.url, 'ana')).signIn();
    await ana.button('That was me').waitFor();
    await ben.openConversation('ana');
    await ben.startConversation('ana', 'A boat with a name that takes two lines');
    await ana.page.goto(`${server.url}#/`);
    await ana.openConversation('A boat with a name that takes two lines');
    await ana.page.getByRole('heading', { name: /^Say the first word in A boat/ }).waitFor({ state: 'attached' });
    for (const height of [640, 420, 300]) {
      await ana.page.setViewportSize({ width: 360, height });
      await ana.page.waitForTimeout(100);
      assert.deepEqual(await ana.page.evaluate(overlaps), [], `on a screen ${height} pixels high`);
      await fits('the empty conversation');
    }
    await ana.page.setViewportSize(phone.viewport);
    await tablet.leave();
    await ana.button('That was me').click();
    await ana.button('Dismiss').click();
  });

  it('dialogs fit', async () => {
    await back().click();
    await ana.button('New conversation').click();
    await ana.textbox('People').fill('ben, someone-with-a-long-name-32chars, dora, emil, ');
    await fits('the dialog');
    const box = await ana.page.getByRole('dialog').boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 360 && box.y >= 0 && box.y + box.height <= 640, JSON.stringify(box));
    await ana.page.keyboard.press('Escape');
    for (const person of [ana, ben]) await person.leave();
  });
});
