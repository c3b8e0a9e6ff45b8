// Texts that would like to be more than text, and texts that are hard to show.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const probes = [
  '<img src=x onerror="window.pwned=1;alert(1)">',
  '<script>window.pwned=1</script>',
  '<svg/onload=window.pwned=1>',
  'javascript:window.pwned=1',
  '[click](javascript:window.pwned=1)',
  '{{constructor.constructor("window.pwned=1")()}} ${window.pwned=1} <%= 1 %>',
  '<template><img src=x onerror=window.pwned=1></template>',
  '<a href="javascript:window.pwned=1">click</a>',
  '<style>*{display:none}</style>',
  '"><iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<base href="//example.invalid/">',
  "'; DROP TABLE entry; -- \" OR 1=1",
  '\u202Egnp.exe\u202C and \u2066isolated\u2069',
  'data:text/html,<script>window.pwned=1</script>',
];

describe('text stays text', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, ben;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben] = [await Person.arrive(browser, server.url, 'ana'), await Person.arrive(browser, server.url, 'ben')];
    for (const person of [ana, ben]) await person.signUp();
    await ana.startConversation('ben', '<img src=x onerror=window.pwned=1>');
    await ben.openConversation('<img src=x onerror=window.pwned=1>');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const shown = (person) => person.messages.locator('article').last().locator('.message-text');
  const arrives = (person, text) => person.page.waitForFunction((t) => [...document.querySelectorAll('.message-text')].at(-1)?.textContent === t, text);
  const calm = async (person) => {
    assert.equal(await person.page.evaluate(() => window.pwned), undefined, 'a message ran code');
    const foreign = await person.messages.locator('img, script, iframe, style, template, object, form, base').count();
    assert.equal(foreign, 0, 'a message became an element');
    const links = await person.messages.locator('a').evaluateAll((all) => all.map((a) => a.href));
    assert.deepEqual(links.filter((href) => !/^(https?|mailto):/.test(href)), []);
  };

  for (const probe of probes) {
    it(`shows ${JSON.stringify(probe.slice(0, 60))} as it was written`, async () => {
      await ana.say(probe);
      for (const person of [ana, ben]) {
        await arrives(person, probe);
        await calm(person);
      }
    });
  }

  it('a link leads where it says, in a tab that cannot look back', async () => {
    await ana.say('See https://example.org/a?b=c#d, and mail <ana@example.org>.');
    const link = ben.messages.getByRole('link').last();
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), 'https://example.org/a?b=c#d');
    assert.match(await link.getAttribute('rel'), /noopener/);
    assert.equal(await link.getAttribute('target'), '_blank');
  });

  it('ten thousand emoji arrive whole, folded', async () => {
    const emoji = '🌿'.repeat(10_000);
    await ana.say(emoji);
    await ben.button('Show all of it').waitFor();
    await arrives(ben, emoji);
    await ben.button('Show all of it').click();
    assert.equal(await ben.button('Show all of it').count(), 0);
  });

  it('right-to-left text reads from the right, among others that do not', async () => {
    await ana.say('שלום עולם! 123');
    await ben.items('ana', 'שלום עולם').waitFor();
    const direction = await shown(ben).evaluate((node) => getComputedStyle(node.closest('[dir=auto]')).direction);
    assert.equal(direction, 'rtl');
  });

  it('a word as long as a line stays inside its bubble', async () => {
    await ana.say('W'.repeat(3000));
    await ben.items('ana', 'WWWW').waitFor();
    const fits = await ben.messages.evaluate((log) => log.scrollWidth <= log.clientWidth);
    assert.ok(fits, 'the timeline scrolls sideways');
  });

  it('a message at the limit is sent and one beyond it is not', async () => {
    const largest = 'x'.repeat(64 * 1024 - 4) + 'last';
    await ana.textbox('Message').fill(`${largest}!`);
    await ana.button('Send').click();
    await ana.page.getByText('too long for one message').waitFor();
    assert.equal((await ana.textbox('Message').inputValue()).length, 64 * 1024 + 1, 'the text is gone');
    await ana.say(largest);
    await arrives(ben, largest);
  });

  it('an empty message is not sent', async () => {
    const before = await ben.messages.getByRole('article').count();
    for (const nothing of ['', '   ', '\n\n\n']) await ana.say(nothing);
    await ana.page.getByText('Write something first.').waitFor();
    await ana.textbox('Message').fill('');
    await ana.say('after nothing');
    await ben.sees('ana', 'after nothing');
    assert.equal(await ben.messages.getByRole('article').count(), before + 1);
  });

  it('people who are not there are named beside the box', async () => {
    ana.tolerate(/status of 4\d\d/);
    for (const name of ['nobody.here', '<b>bold</b>', "' OR 1=1 --"]) {
      await ana.button('New conversation').click();
      await ana.textbox('People').fill(name);
      await ana.button('Start').click();
      await ana.page.getByRole('dialog').locator('.field-error:not(:empty), .form-alert:not(:empty)').waitFor();
      await ana.page.keyboard.press('Escape');
    }
    await calm(ana);
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben]) await person.leave();
  });
});
