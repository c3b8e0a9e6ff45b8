// The promise of the whole thing: what a person writes is found nowhere outside the browsers, and
// what the server keeps is what the design says, a Fernet token that the client's key opens.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openToken } from './lib/fernet.mjs';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { messageKeysOf } from './lib/rows.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

const canary = 'canary-Zq7mFv2xLd9s: the tomatoes are ripe';
const groupName = 'Canary-group-Hk3pWt8y';
const token = /gAAAAA[A-Za-z0-9_-]{90,}={0,2}/g;

describe('a known plaintext', { skip: noBrowser(), timeout: 300_000 }, () => {
  let server, browser, ana, ben, wires;

  before(async () => {
    server = await Server.start();
    wires = [await Wire.to(server.port), await Wire.to(server.port)];
    browser = await launch();
    [ana, ben] = [await Person.arrive(browser, wires[0].url, 'ana'), await Person.arrive(browser, wires[1].url, 'ben')];
    for (const person of [ana, ben]) await person.signUp();
    await ana.startConversation('ben');
    await ana.say(canary);
    await ben.openConversation('ana');
    await ben.sees('ana', canary);
    await ben.startConversation('ana', groupName);
    await ben.say(canary);
    await ana.openConversation(groupName);
    await ana.sees('ben', canary);
  });

  after(async () => {
    await browser?.close();
    for (const wire of wires ?? []) await wire.close();
    await server?.close();
  });

  /** The forms in which a text could give itself away. */
  const formsOf = (text) => {
    const bytes = Buffer.from(text);
    const inside = (shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').slice(4, -4);
    return [bytes, Buffer.from(text, 'utf16le'), Buffer.from(bytes.toString('hex')), ...[0, 1, 2].map((s) => Buffer.from(inside(s)))];
  };
  const secrets = { message: canary, 'group name': groupName, password };

  function absent(where, bytes) {
    for (const [what, text] of Object.entries(secrets)) {
      for (const form of formsOf(text)) assert.equal(bytes.indexOf(form), -1, `the ${what} is in ${where}`);
    }
  }

  it('is in no byte that passed between browser and server', () => {
    let frames = 0;
    let tokens = 0;
    for (const wire of wires) {
      const heard = wire.heard();
      for (const bytes of heard.raw) absent('the bytes of a connection', bytes);
      for (const payload of heard.frames) {
        frames++;
        tokens += payload.toString('latin1').match(token)?.length ?? 0;
        absent('a WebSocket message', payload);
      }
    }
    assert.ok(frames >= 10, `only ${frames} WebSocket messages were heard`);
    assert.ok(tokens >= 4, `only ${tokens} tokens were heard: the wire does not hear what it should`);
  });

  it('is in no file of the server and not in its log', () => {
    for (const [name, bytes] of server.files()) absent(name, bytes);
    absent('the log', Buffer.from(server.log));
    assert.match(server.log, /\S/, 'the server logged nothing, so this proves nothing');
  });

  it('is in the database as Fernet tokens that open with the keys the client holds', async () => {
    const stored = new Set([...server.files().values()].flatMap((bytes) => bytes.toString('latin1').match(token) ?? []));
    const keys = await messageKeysOf(ben);
    assert.ok(keys.length >= 2, `ben's browser holds ${keys.length} message keys`);
    // A token without padding runs into the next column when that begins like base64.
    const cuts = [...stored].flatMap((t) => [0, 1, 2, 3, 4, 5, 6, 7].map((n) => t.slice(0, t.length - n)));
    const opened = cuts.flatMap((t) => keys.map((key) => openToken(key, t)).filter(Boolean));
    const readable = opened.filter((content) => content.includes(canary));
    assert.ok(readable.length >= 2, `${stored.size} tokens, ${keys.length} keys, ${opened.length} opened, ${readable.length} with the text`);
    const strangers = [...stored].filter((t) => openToken(Buffer.alloc(32, 7), t));
    assert.deepEqual(strangers, [], 'a token opens with any key');
  });

  it('shows up in none of what the page may be searched by: address, storage, cookies', async () => {
    for (const person of [ana, ben]) {
      const open = await person.page.evaluate(() => JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie]));
      absent('the address, the storage or a cookie', Buffer.from(open));
    }
    for (const person of [ana, ben]) await person.leave();
  });
});
