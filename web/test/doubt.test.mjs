// A server that was set back, or does not tell everybody the same, shows less of somebody's keys than a browser has
// seen. The person is told of each, nothing is sent before they answer, and it stays until it is undone.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { noMariaDB, startMariaDB } from './lib/mariadb.mjs';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('keys that are shown otherwise than before', { skip: noBrowser() || noMariaDB(), timeout: 600_000 }, () => {
  let mariadb, server, browser, ana, ben, carl, dora, tablet;

  before(async () => {
    mariadb = await startMariaDB();
    server = await Server.start('--database', mariadb.url);
    browser = await launch();
    [ana, ben, carl, dora] = await Promise.all(['ana', 'ben', 'carl', 'dora'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl, dora]) await person.signUp();
    for (const person of [ana, ben, dora]) person.tolerate(/refused (a|the account's own) sigchain/);
    await ana.startConversation('carl');
    await ana.startConversation('dora, carl', 'Boat');
    await ana.page.getByRole('link', { name: 'Members', exact: true }).click();
    await ana.page.getByRole('combobox', { name: 'Role of carl', exact: true }).selectOption('Owner');
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Make owner', exact: true }).click();
    await ana.page.getByRole('link', { name: 'Safety number of dora', exact: true }).click();
    await ana.button('Mark as verified').click();
    await ana.page.getByText('You have verified dora.').waitFor();
    await ana.page.getByRole('link', { name: 'Back to the members', exact: true }).click();
    await ana.button('Leave this conversation').click();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
    await ana.page.getByRole('dialog').waitFor({ state: 'detached' });
    await ana.page.goto(`${server.url}#/`);
    await ana.startConversation('ben');
    await contactPage(ana).click();
    await ana.button('Mark as verified').click();
    await ana.page.getByText('You have verified ben.').waitFor();
    await back(ana).click();
    await ana.page.getByText('Private, and verified by you').waitFor();
    tablet = await (await Person.arrive(browser, server.url, 'ana')).signIn();
    tablet.tolerate(/refused a sigchain/);
    await ana.button('That was me').click();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await mariadb?.stop();
  });

  const contactPage = (person) => person.page.getByRole('link', { name: 'Safety number', exact: true });
  const back = (person) => person.page.getByRole('link', { name: 'Back to the conversation', exact: true });
  const notices = (person) => person.page.getByRole('alert', { name: 'Notices' });
  const doubt = (person) => person.page.getByRole('region', { name: 'Keys in doubt', exact: true });

  it('each of two people is named, and neither warning takes the place of the other', async () => {
    mariadb.run('CREATE TABLE kept AS SELECT * FROM chain_event');
    mariadb.run("DELETE FROM chain_event WHERE position > 0 AND account IN (SELECT id FROM account WHERE name IN ('ben', 'carl', 'dora'))");
    await ana.page.reload();
    for (const name of ['ben', 'carl']) await notices(ana).getByText(`The server shows other keys for ${name} than before.`).waitFor();
    for (const name of ['ben', 'carl', 'dora']) assert.equal(await notices(ana).getByText(`other keys for ${name}`).count(), 1);
  });

  it('of whom there is no conversation, they have a page of their own, and going on is asked there', async () => {
    await tablet.page.reload();
    const notice = notices(tablet).locator('.fault').filter({ hasText: 'other keys for dora' });
    await notice.getByRole('button', { name: 'Compare numbers', exact: true }).click();
    await tablet.page.getByRole('heading', { name: 'dora', exact: true }).waitFor();
    await notice.waitFor({ state: 'detached' });
    await tablet.page.getByText(/This is the number that this device knows/).waitFor();
    await tablet.button('I understand, continue').click();
    await tablet.page.getByText('You go on with dora.').waitFor();
    assert.equal(await tablet.page.getByText(/This is the number that this device knows/).count(), 0);
    assert.equal(await tablet.button('I understand, continue').count(), 0);
    await tablet.page.getByRole('link', { name: 'Back to the list', exact: true }).click();
    await tablet.link('Everyone').waitFor();
  });

  it('the conversation and the page of the contact say so, and nothing can be written', async () => {
    await doubt(ana).getByText(/The server has shown other keys of ben than this device knows/).waitFor();
    assert.ok(await ana.textbox('Message').isDisabled());
    assert.equal(await ana.page.getByText('Private, and verified by you').count(), 0);
    await ana.link('ben').getByText('Keys in doubt').waitFor();
    await doubt(ana).getByRole('link', { name: 'Compare numbers' }).click();
    await ana.page.getByText(/This is the number that this device knows/).waitFor();
    await ana.page.getByText('Whether this is the number that ben sees is to be compared again.').waitFor();
    await ana.button('Mark as verified').waitFor();
  });

  it('it stays when the warnings were dismissed and the page was loaded again', async () => {
    for (let left = await notices(ana).getByRole('button', { name: 'Dismiss' }).count(); left > 0; left--) await notices(ana).getByRole('button', { name: 'Dismiss' }).first().click();
    await ana.page.reload();
    await ana.page.getByText(/This is the number that this device knows/).waitFor();
    await back(ana).click();
    await doubt(ana).waitFor();
    assert.equal(await notices(ana).getByText('other keys for').count(), 0, 'it is told again');
  });

  it('who goes on all the same can write, by the keys that are known', async () => {
    await ana.openConversation('carl');
    await doubt(ana).getByRole('button', { name: 'I understand, continue' }).click();
    await doubt(ana).waitFor({ state: 'detached' });
    await ana.say('are you still you?');
    await carl.openConversation('ana');
    await carl.sees('ana', 'are you still you?');
  });

  it('whose own keys they are is told too, in plain words', async () => {
    await ben.page.reload();
    await notices(ben).getByText(/The server shows an older state of your account than this device has seen/).waitFor();
  });

  it('once the server shows all of it again, everything is as before', async () => {
    await ana.openConversation('ben');
    await doubt(ana).waitFor();
    mariadb.run('INSERT IGNORE INTO chain_event SELECT * FROM kept');
    await ana.page.reload();
    await ana.page.getByText('Private, and verified by you').waitFor();
    assert.equal(await doubt(ana).count(), 0);
    await ana.say('good to have you back');
    await ben.page.reload();
    await ben.openConversation('ana');
    await ben.sees('ana', 'good to have you back');
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, tablet, ben, carl, dora]) await person.leave();
  });
});
