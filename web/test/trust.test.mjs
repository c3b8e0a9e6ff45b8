// Knowing who one talks to: safety numbers by eye and by camera, and the mark that stays.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cameraFlags, filmOf } from './lib/camera.mjs';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('safety numbers', { skip: noBrowser(), timeout: 600_000 }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'frond-camera-'));
  const film = path.join(folder, 'film.y4m');
  let server, browser, ana, ben, carl;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    const all = ['ana', 'ben', 'carl'].map((name) => Person.arrive(browser, server.url, name));
    [ana, ben, carl] = await Promise.all(all);
    for (const person of [ana, ben, carl]) await person.signUp();
    await ana.startConversation('ben');
    await ben.openConversation('ana');
    await carl.startConversation('ana');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const numberOf = async (person) => {
    const grid = person.page.getByRole('list', { name: 'Safety number, twelve groups of five digits' });
    await grid.waitFor();
    return (await grid.getByRole('listitem').allTextContents()).join(' ');
  };
  const openContact = (person) => person.page.getByRole('link', { name: 'Safety number', exact: true }).click();

  it('both sides see the same twelve groups, and others see others', async () => {
    for (const person of [ana, ben, carl]) await openContact(person);
    const [a, b, c] = [await numberOf(ana), await numberOf(ben), await numberOf(carl)];
    assert.match(a, /^(\d{5} ){11}\d{5}$/);
    assert.equal(a, b);
    assert.notEqual(a, c);
  });

  it('a contact is marked as verified, and it shows in the page, the head and the list', async () => {
    await ana.button('Mark as verified').click();
    await ana.page.getByText('You have verified ben.').waitFor();
    await ana.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await ana.page.getByText('Private, and verified by you').waitFor();
    assert.match(await ana.link('ben').getAttribute('aria-description'), /Verified/);
    assert.doesNotMatch((await ben.link('ana').getAttribute('aria-description')) ?? '', /Verified/, 'the mark is one’s own');
  });

  it('the mark is still there after the page was loaded again, and can be taken away', async () => {
    await ana.page.reload();
    await ana.page.getByText('Private, and verified by you').waitFor({ timeout: 60_000 });
    await openContact(ana);
    await ana.button('Take the mark away').click();
    await ana.button('Mark as verified').waitFor();
  });

  it('in a group each member’s number is one step from the list of members', async () => {
    await carl.startConversation('ana, ben', 'Boat');
    await carl.page.getByRole('link', { name: 'Members', exact: true }).click();
    assert.equal(await carl.page.getByRole('link', { name: 'Safety number of carl', exact: true }).count(), 0);
    await carl.page.getByRole('link', { name: 'Safety number of ben', exact: true }).click();
    await carl.page.getByRole('heading', { name: 'ben', exact: true }).waitFor();
    const number = await numberOf(carl);
    await carl.button('Mark as verified').click(); // nothing is held: nobody asks back
    await carl.page.getByText('You have verified ben.').waitFor();
    await carl.page.reload();
    assert.equal(await numberOf(carl), number);
    await carl.page.getByRole('link', { name: 'Back to the members', exact: true }).click();
    await carl.page.locator('.rows li').filter({ hasText: 'ben' }).getByText('Verified').waitFor();
    await carl.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await carl.messages.waitFor();
  });

  it('the camera reads the other’s code and verifies; it refuses the code of somebody else', async (t) => {
    await filmOf(ben.page, film);
    const eyes = await launch(...cameraFlags(film));
    t.after(() => eyes.close());
    const dora = await (await Person.arrive(eyes, server.url, 'dora', { permissions: ['camera'] })).signUp();
    await dora.startConversation('ben');
    await openContact(dora);
    await dora.button('Scan their code').click();
    await dora.page.getByText('The codes differ.').waitFor(); // ben’s screen shows the code for ana
    await ben.page.goto(`${server.url}#/`);
    await ben.openConversation('dora');
    await openContact(ben);
    await numberOf(ben);
    await filmOf(ben.page, film);
    await dora.button('Scan their code').click();
    await dora.page.getByText('The codes match. ben is verified.').waitFor();
    await dora.leave();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, carl]) await person.leave();
  });
});
