// The person who runs the server restores a backup. Everybody's page goes on by itself, also in a group that had changed
// since, and a browser that came after the backup.
import { copyFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('a server that was restored from a backup', { skip: noBrowser(), timeout: 300_000 }, () => {
  let server, browser, ana, ben, cleo, dora;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    const people = [];
    for (const name of ['ana', 'ben', 'cleo', 'dora']) people.push(await (await Person.arrive(browser, server.url, name)).signUp());
    [ana, ben, cleo, dora] = people;
    for (const person of people) person.tolerate(/ERR_CONNECTION|WebSocket|404|401|503|brought forward|refused the account|not to be used any more|skipped a commit|the vault|does not open|join|subscribe/);
    await ana.startConversation('ben, cleo', 'Boat house');
    for (const person of [ben, cleo]) await person.openConversation('Boat house');
    await ana.say('before the backup');
    for (const person of [ben, cleo]) await person.sees('ana', 'before the backup');
    await new Promise((r) => setTimeout(r, 5000)); // what is to be stored is
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  it('messages and changes of the group come after the backup', async () => {
    server.admin('backup', path.join(server.folder, 'backup.db'));
    await ana.say('after the backup');
    await ben.sees('ana', 'after the backup');
    await ana.page.getByRole('link', { name: 'Members', exact: true }).click();
    await ana.button('Add people').click();
    await ana.textbox('People').fill('dora');
    await ana.button('Add').click();
    await ana.page.getByRole('heading', { name: '4 members' }).waitFor();
    await ana.openConversation('Boat house');
    await dora.openConversation('Boat house');
    await ana.say('welcome dora');
    await dora.sees('ana', 'welcome dora');
    await ben.sees('ana', 'welcome dora');
  });

  it('after the restore everybody is told, keeps what they have, and goes on', async () => {
    await server.down();
    const data = path.join(server.folder, 'data');
    for (const end of ['-wal', '-shm']) rmSync(path.join(data, `frond.db${end}`), { force: true });
    copyFileSync(path.join(server.folder, 'backup.db'), path.join(data, 'frond.db'));
    await server.up();
    const line = 'The server was restored from a backup. What was sent shortly before may be missing for some';
    for (const person of [ana, ben, cleo]) await person.page.getByText(line).first().waitFor({ timeout: 60_000 });
    await ben.sees('ana', 'after the backup');
    await ana.say('here again');
    for (const person of [ben, cleo]) await person.sees('ana', 'here again');
    await ben.say('me too');
    await ana.sees('ben', 'me too');
  });

  it('who came into the group after the backup is in it again', async () => {
    await dora.sees('ben', 'me too', 120_000);
    await dora.say('and me');
    for (const person of [ana, ben, cleo]) await person.sees('dora', 'and me');
  });

  it('a new browser finds what the backup has and what came after the restore', async () => {
    const tablet = await Person.arrive(browser, server.url, 'ben');
    tablet.tolerate(/./);
    await tablet.signIn();
    await tablet.openConversation('Boat house');
    await tablet.sees('ana', 'before the backup');
    await tablet.sees('dora', 'and me');
    await tablet.say('from the new browser');
    await dora.sees('ben', 'from the new browser');
  });
});
