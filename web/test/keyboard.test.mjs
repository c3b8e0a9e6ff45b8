// The whole way by keyboard alone, on a wide screen and on a narrow one, where the list is a screen of its own.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const screens = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 640 } };

for (const [screen, viewport] of Object.entries(screens)) describe(`by keyboard alone on a ${screen} screen`, { skip: noBrowser(), timeout: 300_000 }, () => {
  let server, browser, ana, ben;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    ben = await (await Person.arrive(browser, server.url, 'ben')).signUp();
    ana = await Person.arrive(browser, server.url, 'ana', { viewport });
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const press = (key) => ana.page.keyboard.press(key);
  const type = (text) => ana.page.keyboard.type(text);
  const focused = () => ana.page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent);

  /** Presses Tab until the element with this role and name has the focus, and checks that it shows. */
  async function tabTo(role, name) {
    const wanted = ana.page.getByRole(role, { name, exact: true });
    await wanted.waitFor();
    for (let i = 0; i < 30; i++) {
      if (await wanted.evaluate((node) => node === document.activeElement)) return;
      await press('Tab');
    }
    assert.fail(`Tab does not reach the ${role} "${name}"; the focus is on "${await focused()}"`);
  }

  /** On a narrow screen, goes back until the list is there. */
  async function toList() {
    while (!(await ana.conversations.isVisible())) {
      const back = ana.page.getByRole('link', { name: /^Back to the / });
      const name = await back.getAttribute('aria-label');
      await tabTo('link', name);
      await press('Enter');
      await ana.page.waitForFunction((was) => document.querySelector('a[aria-label^="Back to the "]')?.getAttribute('aria-label') !== was, name);
    }
  }

  it('signs up', async () => {
    assert.ok(await ana.textbox('User name').evaluate((n) => n === document.activeElement), 'the first box has no focus');
    await type('ana');
    await press('Tab');
    await type(password);
    await tabTo('button', 'Create account');
    await press('Enter');
    await ana.button('I have kept it').waitFor({ timeout: 60_000 });
    await tabTo('button', 'I have kept it');
    await press('Enter');
    await ana.button('Confirm').waitFor();
    await tabTo('button', 'Skip for now');
    await press('Enter');
    await ana.ready();
  });

  it('starts a conversation, with Escape as a way back', async () => {
    await tabTo('button', 'New conversation');
    await press('Enter');
    await ana.textbox('People').waitFor();
    await press('Escape');
    await ana.page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await focused(), 'New conversation', 'the focus did not return');
    await press('Enter');
    await type('ben');
    await press('Enter'); // a chip
    await tabTo('button', 'Start');
    await press('Enter');
    await ana.textbox('Message').waitFor();
  });

  it('writes two lines, and sends with Enter', async () => {
    await tabTo('textbox', 'Message');
    await type('first line');
    await press('Shift+Enter');
    await type('second line');
    await press('Enter');
    await ben.openConversation('ana');
    await ben.sees('ana', /first line\s*second line/);
    assert.equal(await ana.textbox('Message').inputValue(), '');
  });

  it('does not send while a word is being composed', async () => {
    await type('日本');
    const sent = await ana.textbox('Message').evaluate((box) => {
      const enter = new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true });
      return !box.dispatchEvent(enter) || box.value === '';
    });
    assert.equal(sent, false);
    await press('Enter');
    await ben.sees('ana', '日本');
  });

  it('moves in the list with the arrow keys', async () => {
    await press('Escape'); // from the composer to the open conversation in the list
    const first = await focused();
    await press('ArrowDown');
    const second = await focused();
    assert.notEqual(second, first);
    await press('ArrowUp');
    assert.equal(await focused(), first);
    await press('End');
    await press('Home');
    assert.equal(await focused(), await ana.conversations.getByRole('link').first().textContent());
    const everyone = ana.link('Everyone');
    for (let i = 0; i < 5 && !(await everyone.evaluate((n) => n === document.activeElement)); i++) await press('ArrowDown');
    await press('Enter');
    await tabTo('textbox', 'Message');
    await type('typed without a mouse');
    await press('Enter');
    await ana.seesSent('typed without a mouse');
  });

  it('everything that has the focus shows it', async () => {
    const hidden = [];
    for (let i = 0; i < 12; i++) {
      await press('Tab');
      const shows = await ana.page.evaluate(() => {
        const node = document.activeElement;
        if (node === document.body) return true;
        const of = (n) => getComputedStyle(n);
        const frame = node.closest('.composer-box, .chips') ?? node;
        return (of(node).outlineStyle !== 'none' && of(node).outlineWidth !== '0px') || of(frame).boxShadow !== 'none' || frame.matches('.composer-box:focus-within');
      });
      if (!shows) hidden.push(await focused());
    }
    assert.deepEqual(hidden, []);
  });

  it('changes how long messages stay, and goes through the settings', async () => {
    await toList();
    await ana.openConversation('ben');
    const stay = ana.page.getByRole('button', { name: /^How long messages stay/ });
    await tabTo('button', 'How long messages stay: Kept');
    await press('Enter');
    await ana.page.getByText('This counts for what is written from now on').waitFor();
    await press('Escape');
    assert.ok(await stay.evaluate((n) => n === document.activeElement), 'the focus did not return');
    await tabTo('link', 'Safety number');
    await press('Enter');
    await tabTo('button', 'Mark as verified');
    await press('Enter');
    await ana.button('Take the mark away').waitFor();
    assert.equal(await focused(), 'ben', 'the focus is not on the page any more'); // its title: the button has gone
    await toList();
    await tabTo('button', 'Settings');
    await press('Enter');
    await ana.page.getByRole('region', { name: 'What went wrong on this device' }).getByText('Nothing has.').waitFor();
    await tabTo('link', 'Make a recovery code');
    await tabTo('button', 'Rename Chrome on Linux');
    await tabTo('switch', 'The password alone is not enough');
    await press('Space');
    await ana.page.getByRole('dialog').waitFor();
    await press('Escape');
    await ana.page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await ana.page.getByRole('switch').isChecked(), false);
    await tabTo('combobox', 'Colours');
    await tabTo('button', 'Ask the browser to keep them');
  });

  it('signs out', async () => {
    await toList();
    await tabTo('button', 'Sign out');
    await press('Enter');
    await ana.page.getByRole('dialog').waitFor();
    await tabTo('button', 'Sign out'); // the one in the dialog: the page behind it is out of reach
    await press('Enter');
    await ana.button('Sign in').waitFor();
    for (const person of [ana, ben]) await person.leave();
  });
});
