// A server keeps from browsers that somebody removed a device, and so replaced the root of their keys. Conversations go
// by the new root, which no keys that the browsers are shown account for: they say so, and nothing can be sent there.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { noMariaDB, startMariaDB } from './lib/mariadb.mjs';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('a key that nothing accounts for', { skip: noBrowser() || noMariaDB(), timeout: 600_000 }, () => {
  let mariadb, server, browser, ana, phone, tablet, ben, carl;

  before(async () => {
    mariadb = await startMariaDB();
    server = await Server.start('--database', mariadb.url);
    browser = await launch();
    [ana, ben, carl] = await Promise.all(['ana', 'ben', 'carl'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl]) await person.signUp();
    await ana.startConversation('ben');
    await ana.startConversation('ben, carl', 'Boat');
    await ana.say('all aboard');
    phone = await signInAgain();
    tablet = await signInAgain();
    phone.tolerate(/refused the account's state/);
    tablet.tolerate(/WebSocket/, /401/);
    for (const person of [ben, phone]) {
      await person.openConversation('Boat');
      await person.sees('ana', 'all aboard');
    }
    await tablet.nameDevice('Lost tablet');
    for (const person of [ben, phone]) await person.page.close();
    mariadb.run('CREATE TABLE past AS SELECT * FROM chain_event');
    await ana.removeDevice('Lost tablet');
    await tablet.button('Sign in').waitFor();
    await ana.page.getByText('The removed device is out of every conversation.').waitFor();
    mariadb.run('CREATE TABLE kept AS SELECT * FROM chain_event');
    mariadb.run('DELETE FROM chain_event WHERE NOT EXISTS (SELECT * FROM past p WHERE p.account = chain_event.account AND p.position = chain_event.position)');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await mariadb?.stop();
  });

  const signInAgain = async () => (await Person.arrive(browser, server.url, 'ana')).signIn();
  const banner = (person) => person.page.getByRole('region', { name: 'A key that cannot be checked', exact: true });
  const cannotWrite = async (person) => {
    assert.ok(await person.textbox('Message').isDisabled());
    assert.ok(await person.button('Send').isDisabled());
    await person.page.getByText('You cannot write here while this is so.').waitFor();
    assert.equal(await banner(person).getByRole('button').count(), 0, 'there is nothing to accept');
    assert.equal(await banner(person).getByRole('link').count(), 0, 'there is no number to compare');
  };

  it('each conversation says whose key it is, and that nothing is sent', async () => {
    await ben.open();
    await ben.ready();
    for (const title of ['ana', 'Boat']) {
      await ben.page.getByRole('alert', { name: 'Notices' }).getByText(`The conversation ${title} goes by keys that this device can not check.`).waitFor();
      await ben.link(title).getByText('A key that cannot be checked').waitFor();
      await ben.openConversation(title);
      await banner(ben).getByText(/goes by a key of ana that this device cannot check.*There is nothing to accept/).waitFor();
      await cannotWrite(ben);
    }
    await ben.openConversation('ana');
    assert.equal(await ben.page.getByText('Say hello to ana').count(), 0, 'it asks to write where one cannot');
  });

  it('whose own key it is reads that, in their words', async () => {
    await phone.open();
    await phone.ready();
    await phone.openConversation('Boat');
    await banner(phone).getByText(/goes by a key of your account that this device does not know.*look at your other devices/).waitFor();
    await cannotWrite(phone);
  });

  it('where the keys are known all goes on', async () => {
    await ana.openConversation('Everyone');
    await carl.openConversation('Boat');
    await carl.say('ben is quiet');
    await ana.openConversation('Boat');
    await ana.sees('carl', 'ben is quiet');
  });

  it('once the server shows the removal, all can write again', async () => {
    mariadb.run('INSERT IGNORE INTO chain_event SELECT * FROM kept');
    for (const person of [ben, phone]) {
      await person.page.reload();
      await person.openConversation('Boat');
      await banner(person).waitFor({ state: 'detached' });
      await person.say(`${person === phone ? 'the phone' : 'ben'} is here again`);
    }
    await carl.sees('ben', 'ben is here again');
    await carl.sees('ana', 'the phone is here again');
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, phone, tablet, ben, carl]) await person.leave();
  });
});
