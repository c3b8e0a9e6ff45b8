// A small screen: the list and a conversation are two screens.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const phone = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

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
