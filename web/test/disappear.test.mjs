// A message that is to disappear does, everywhere. Its five minutes are the shortest there are: the server's clock skips
// four of them, and the last one is waited for. The browsers' clocks stay as they are, for messages go by the server's.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openToken } from './lib/fernet.mjs';
import { buildLater } from './lib/later.mjs';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { messageKeysOf, rowsOf } from './lib/rows.mjs';
import { Server } from './lib/server.mjs';

const skipped = 240; // s
const text = 'short-lived-Zq7mFv2x';

describe('a message that disappears', { skip: noBrowser(), timeout: 600_000 }, () => {
  let later, server, browser, ana, ben, token;

  before(async () => {
    later = buildLater(skipped);
    server = await Server.start();
    browser = await launch();
    [ana, ben] = await Promise.all(['ana', 'ben'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben]) {
      await person.signUp();
      person.tolerate(/WebSocket|ERR_CONNECTION_REFUSED/); // while the server is away
    }
    await ana.startConversation('ben');
    await ben.openConversation('ana');
    await ana.say('kept for good');
    await ben.sees('ana', 'kept for good');
    await ana.page.getByRole('button', { name: /^How long messages stay: / }).click();
    await ana.page.getByRole('dialog').getByRole('radio', { name: 'Let them disappear', exact: true }).check();
    await ana.page.getByRole('combobox', { name: 'Disappear after', exact: true }).selectOption('5 minutes');
    await ana.button('Change').click();
    await ben.messages.getByText(/disappear.* 5 minutes/).waitFor();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    later?.remove();
  });

  const inFiles = (needle) => [...server.files()].filter(([, bytes]) => bytes.includes(needle)).map(([name]) => name);
  const inRows = async (person) => (await rowsOf(person)).filter(({ bytes }) => Buffer.from(bytes).includes(text)).map(({ key }) => key);

  it('is first in every browser and at the server', async () => {
    await ana.say(text);
    await ben.sees('ana', text);
    await ana.seesSent(text);
    await ben.link('ana').getByText(text).waitFor();
    for (const person of [ana, ben]) assert.ok((await inRows(person)).length > 0, `the store of ${person.name} does not have it, so the rest proves nothing`);
    const keys = await messageKeysOf(ben);
    const tokens = [...server.files().values()].flatMap((bytes) => bytes.toString('latin1').match(/gAAAAA[A-Za-z0-9_-]{90,}={0,2}/g) ?? []);
    token = tokens.find((t) => [0, 1, 2, 3, 4, 5, 6, 7].some((n) => keys.some((key) => openToken(key, t.slice(0, t.length - n))?.includes(text))));
    assert.ok(token, 'its token is not in the files of the server, so the rest proves nothing');
  });

  it('is still there four minutes on', async () => {
    await server.down();
    server.binary = later.binary;
    await server.up();
    await ben.page.reload();
    await ben.sees('ana', text); // from the store, and maybe before the server has said what time it is
    await ben.openConversation('Everyone');
    await ben.say('what time is it?');
    await ben.seesSent('what time is it?');
    await ben.openConversation('ana');
    await ben.items('ana', text).getByText('Disappears in 1 minute').waitFor({ state: 'attached' });
    await ana.sees('ana', text);
    assert.ok(inFiles(token.slice(0, 90)).length > 0);
  });

  it('disappears by itself from the timeline and from the list, and what was there before stays', async () => {
    for (const person of [ana, ben]) {
      await person.items('ana', text).waitFor({ state: 'detached', timeout: 90_000 });
      await person.sees('ana', 'kept for good');
    }
    await ben.link('ana').getByText('kept for good').waitFor();
    for (const person of [ana, ben]) assert.equal(await person.page.getByText(text).count(), 0, `${person.name} still sees it somewhere`);
  });

  it('is in no row of a browser’s store, and does not come back', async () => {
    for (const person of [ana, ben]) {
      assert.deepEqual(await inRows(person), [], `it is in the store of ${person.name}`);
      await person.page.reload();
      await person.sees('ana', 'kept for good');
      assert.equal(await person.page.getByText(text).count(), 0);
    }
  });

  it('is in no file of the server, and a new device finds nothing of it', async () => {
    const until = Date.now() + 80_000; // ten seconds for the tables, a minute for the journal
    while (inFiles(token.slice(0, 90)).length > 0 && Date.now() < until) await ben.page.waitForTimeout(1000);
    assert.deepEqual(inFiles(token.slice(0, 90)), []);
    const tablet = await (await Person.arrive(browser, server.url, 'ben')).signIn();
    await tablet.openConversation('ana');
    await tablet.sees('ana', 'kept for good');
    assert.equal(await tablet.page.getByText(text).count(), 0);
    await tablet.leave();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben]) await person.leave();
  });
});
