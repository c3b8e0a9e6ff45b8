// What a first visit costs, and what the browser is told about every answer.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

const limit = 1_800_000; // bytes

describe('a first visit', { skip: noBrowser(), timeout: 120_000 }, () => {
  let server, browser;

  before(async () => {
    server = await Server.start();
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it(`stays under ${limit} bytes on the wire, and a second one under a hundredth of that`, async (t) => {
    const wire = await Wire.to(server.port);
    const begun = performance.now();
    const ana = await Person.arrive(browser, wire.url, 'ana');
    await ana.button('Create account').waitFor();
    t.diagnostic(`from nothing to the first page: ${Math.round(performance.now() - begun)} ms`);
    const size = () => wire.heard().raw.reduce((sum, bytes) => sum + bytes.length, 0);
    const first = size();
    t.diagnostic(`${first} bytes both ways, headers included`);
    assert.ok(first < limit, `${first} bytes`);
    assert.ok(first > 100_000, `${first} bytes cannot hold the core: the wire heard too little`);

    const again = performance.now();
    await ana.page.reload();
    await ana.button('Create account').waitFor();
    t.diagnostic(`again, from the cache: ${Math.round(performance.now() - again)} ms`);
    assert.ok(size() - first < limit / 100, `${size() - first} bytes for a second visit`);
    await ana.leave();
    await wire.close();
  });

  it('every answer carries the policy, and hashed files may be kept for good', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const answers = [];
    page.on('response', (r) => answers.push(r));
    await page.goto(server.url);
    await page.getByRole('button', { name: 'Create account' }).waitFor();
    assert.ok(answers.length > 20, `only ${answers.length} answers`);
    for (const answer of answers) {
      const headers = await answer.allHeaders();
      const name = new URL(answer.url()).pathname;
      assert.match(headers['content-security-policy'] ?? '', /^default-src 'none'; .*require-trusted-types-for 'script'; trusted-types frond$/, name);
      assert.doesNotMatch(headers['content-security-policy'], /unsafe-inline|'unsafe-eval'|\*/, name);
      assert.equal(headers['x-content-type-options'], 'nosniff', name);
      if (name.startsWith('/assets/')) assert.match(headers['cache-control'], /immutable/, name);
      else assert.doesNotMatch(headers['cache-control'] ?? '', /immutable/, name);
      if (name.endsWith('.wasm')) assert.deepEqual([headers['content-type'], headers['content-encoding']], ['application/wasm', 'br']);
    }
    await context.close();
  });

  it('the page follows the system: light, dark, and a small screen', async () => {
    for (const colorScheme of ['light', 'dark']) {
      const person = await Person.arrive(browser, server.url, 'nobody', { colorScheme, viewport: { width: 360, height: 640 } });
      await person.button('Create account').waitFor();
      const [theme, background, fits] = await person.page.evaluate(() => [
        document.documentElement.dataset.bsTheme,
        getComputedStyle(document.body).backgroundColor,
        document.documentElement.scrollWidth <= innerWidth,
      ]);
      assert.equal(theme, colorScheme);
      const [red] = background.match(/\d+/).map(Number);
      assert.ok(colorScheme === 'dark' ? red < 60 : red > 200, `${colorScheme}: ${background}`);
      assert.ok(fits, 'the page scrolls sideways');
      await person.leave();
    }
  });
});
