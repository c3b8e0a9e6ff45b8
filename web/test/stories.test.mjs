// The main story: people in real browsers, a real server, sealed messages. Each step goes on where
// the one before it ended.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { noMariaDB, startMariaDB } from './lib/mariadb.mjs';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

// What a browser says when the server is away, which is what these tests do to it.
const serverAway = [/ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/, /ERR_SOCKET_NOT_CONNECTED/, /WebSocket connection to .* failed/];

const databases = [
  { name: 'SQLite', skip: noBrowser() },
  { name: 'MariaDB', skip: noBrowser() || noMariaDB() },
];

for (const { name, skip } of databases) describe(`people exchange messages, kept in ${name}`, { skip, timeout: 600_000 }, () => {
  let mariadb, server, browser, ana, ben, carl, benWire;

  before(async () => {
    if (name === 'MariaDB') mariadb = await startMariaDB();
    server = await (mariadb ? Server.start('--database', mariadb.url) : Server.start());
    benWire = await Wire.to(server.port);
    browser = await launch();
    [ana, ben, carl] = await Promise.all([
      Person.arrive(browser, server.url, 'ana'),
      Person.arrive(browser, benWire.url, 'ben'),
      Person.arrive(browser, server.url, 'carl'),
    ]);
  });

  after(async () => {
    await browser?.close();
    await benWire?.close();
    await server?.close();
    await mariadb?.stop();
  });

  it('three people create accounts from the first page', async () => {
    for (const person of [ana, ben, carl]) await person.signUp();
  });

  it('two of them write to each other privately', async () => {
    await ana.startConversation('ben');
    await ana.say('Hello Ben, this is only for you.');
    await ana.seesSent('Hello Ben, this is only for you.');
    await ben.openConversation('ana');
    await ben.sees('ana', 'Hello Ben, this is only for you.');
    await ben.say('Got it, Ana.');
    await ana.sees('ben', 'Got it, Ana.');
    assert.equal(await carl.link('ana').count(), 0, 'the private conversation is in the list of a third person');
  });

  it('starting it again leads to the same conversation', async () => {
    await ben.startConversation('ana');
    await ben.sees('ana', 'Hello Ben, this is only for you.');
    assert.equal(await ben.link('ana').count(), 1);
  });

  it('a group of three talks', async () => {
    await ana.startConversation('ben, carl', 'Garden');
    await ana.say('Welcome to the garden.');
    for (const person of [ben, carl]) {
      await person.openConversation('Garden');
      await person.sees('ana', 'Welcome to the garden.');
    }
    await carl.say('Carl is here.');
    await ben.say('Ben as well.');
    for (const person of [ana, ben, carl]) {
      await person.sees('carl', 'Carl is here.');
      await person.sees('ben', 'Ben as well.');
    }
  });

  it('everyone hears what is said to everyone', async () => {
    for (const person of [ana, ben, carl]) await person.openConversation('Everyone');
    for (const person of [ana, ben, carl]) await person.say(`Good morning from ${person.name}.`);
    for (const person of [ana, ben, carl]) {
      for (const other of [ana, ben, carl]) await person.sees(other.name, `Good morning from ${other.name}.`);
    }
  });

  it('unread messages are counted without renaming the conversation', async () => {
    await ben.openConversation('ana');
    await ana.openConversation('Garden');
    await ana.say('Who waters the tomatoes?');
    await ana.say('And the beans?');
    await ben.conversations.getByRole('link', { name: 'Garden', exact: true }).and(ben.page.locator('[aria-description*="2 unread messages"]')).waitFor();
    await ben.openConversation('Garden');
    await ben.messages.getByText('New messages').waitFor();
    await ben.sees('ana', 'And the beans?');
    await ben.page.locator('a:not([aria-description*="unread"])').filter({ hasText: 'Garden' }).waitFor();
  });

  it('everything is there after a reload', async () => {
    await ben.page.reload();
    await ben.ready();
    await ben.sees('ana', 'And the beans?'); // the address names the conversation
    await ben.openConversation('ana');
    await ben.sees('ana', 'Hello Ben, this is only for you.');
    await ben.sees('ben', 'Got it, Ana.');
    await ben.openConversation('Everyone');
    await ben.sees('carl', 'Good morning from carl.');
  });

  it('a person whose browser was closed catches up', async () => {
    await carl.page.close();
    await ana.openConversation('Garden');
    for (let i = 1; i <= 12; i++) await ana.say(`While Carl was away, ${i} of 12.`);
    await ana.seesSent('While Carl was away, 12 of 12.');
    await carl.open();
    await carl.ready();
    await carl.openConversation('Garden');
    for (let i = 1; i <= 12; i++) await carl.sees('ana', `While Carl was away, ${i} of 12.`);
  });

  it('a person whose line was cut is told, writes on, and catches up', async () => {
    ben.tolerate(...serverAway);
    await ben.openConversation('Garden');
    benWire.cut();
    await ben.page.getByText('What you write waits here').waitFor();
    await ana.say('Ben, are you in a tunnel?');
    await ben.say('Written in the tunnel.');
    await ben.messages.locator('article[data-state=pending]').filter({ hasText: 'Written in the tunnel.' }).waitFor();
    assert.equal(await ana.items('ben', 'Written in the tunnel.').count(), 0);
    benWire.mend();
    await ben.button('Connect now').click({ timeout: 3000 }).catch(() => {}); // it may connect by itself first
    await ben.sees('ana', 'Ben, are you in a tunnel?');
    await ben.seesSent('Written in the tunnel.');
    await ana.sees('ben', 'Written in the tunnel.');
  });

  it('a killed server loses nothing, and everybody comes back by themselves', async () => {
    for (const person of [ana, carl]) person.tolerate(...serverAway);
    await ana.say('Just before the fall.');
    await ana.seesSent('Just before the fall.');
    await server.down('SIGKILL');
    await ana.say('Said into the silence.');
    await server.up();
    for (const person of [ana, ben, carl]) {
      await person.openConversation('Garden');
      await person.sees('ana', 'Just before the fall.', 60_000);
      await person.sees('ana', 'Said into the silence.', 60_000);
    }
    await ana.seesSent('Said into the silence.');
  });

  it('all have read the same, in the same order', async () => {
    const texts = async (person) => (await person.messages.locator('.message-text').allInnerTexts()).map((t) => t.trim());
    const [a, b, c] = await Promise.all([ana, ben, carl].map(texts));
    assert.ok(a.length >= 20, `only ${a.length} messages`);
    assert.deepEqual(b, a);
    assert.deepEqual(c, a);
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, carl]) await person.leave();
  });
});
