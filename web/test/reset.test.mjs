// Somebody lost everything. An administrator's link begins the account anew, nobody can do it behind the
// back of who is still there, and contacts are warned and protected.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { noMariaDB, startMariaDB } from './lib/mariadb.mjs';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const newPassword = 'velvet tram four mountains';

describe('an account that starts over', { skip: noBrowser() || noMariaDB(), timeout: 600_000 }, () => {
  let mariadb, server, browser, ana, phone, ben, carl;

  before(async () => {
    mariadb = await startMariaDB();
    server = await Server.start('--database', mariadb.url);
    browser = await launch();
    [ana, ben, carl] = await Promise.all(['ana', 'ben', 'carl'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl]) await person.signUp();
    await ben.startConversation('ana');
    await ben.say('before everything was lost');
    await ana.openConversation('ben');
    await ana.sees('ben', 'before everything was lost');
    await carl.startConversation('ana');
    await carl.say('from carl');
    await ben.page.getByRole('link', { name: 'Safety number', exact: true }).click();
    await ben.button('Mark as verified').click();
    await ben.page.getByText('You have verified ana.').waitFor();
    await ben.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await ben.messages.waitFor();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
    await mariadb?.stop();
  });

  // The link as the administrator hands it on; the server knows nothing of the test's port.
  const linkFor = (name) => server.admin('reset', '--origin', server.url.slice(0, -1), name);
  const follow = async (link) => {
    const person = await Person.arrive(browser, link, 'ana');
    person.tolerate(/403/);
    await person.page.getByRole('heading', { name: 'Start over' }).waitFor();
    return person;
  };
  const startOver = async (person) => {
    await person.textbox('New password').fill(newPassword);
    await person.page.getByRole('checkbox').check();
    await person.button('Start over').click();
  };
  const says = (person, text) => person.page.getByText(text).first().waitFor({ timeout: 60_000 });

  it('who is still there is told at once and says no; then the link is worth nothing', async () => {
    const link = linkFor('ana');
    await says(ana, 'An administrator has given out a link');
    const thief = await follow(link);
    assert.equal(new URL(thief.page.url()).hash, '#/', 'the token stays in the address');
    await startOver(thief);
    await says(thief, 'its devices have a day to say no');
    await ana.button('Say no').click();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Say no', exact: true }).click();
    await ana.page.getByRole('dialog').waitFor({ state: 'detached' });
    await thief.button('Start over').click();
    await says(thief, 'This link has been used or is too old');
    await thief.button('Keep everything and go back').click();
    await thief.button('Sign in').waitFor();
    await thief.leave();
  });

  it('who is signed in loses nothing by following a link', async () => {
    await ana.page.goto(`${server.url}#reset=ana:${'x'.repeat(43)}`);
    await says(ana, 'You are signed in as ana');
    assert.equal(new URL(ana.page.url()).hash, '#/');
    await ana.button('Go on as ana').click();
    await ana.openConversation('ben');
    await ana.sees('ben', 'before everything was lost');
  });

  it('when nobody was there for a month, the link works: it says what is lost, and asks twice', async () => {
    mariadb.run('UPDATE device SET seen = 1');
    const link = linkFor('ana');
    phone = await follow(link);
    await phone.button('Start over').click();
    await says(phone, 'Enter a new password.');
    await says(phone, 'Tick this to go on.');
    await startOver(phone);
    await phone.readRecoveryCode();
    await phone.button('Skip for now').click();
    await phone.ready();
  });

  it('the device from before is out, and says why', async () => {
    ana.tolerate(/401/, /WebSocket/);
    await says(ana, 'This account was started over today');
    await ana.button('Sign in').waitFor();
  });

  it('who had verified the person is warned, and held for a day unless they compare', async () => {
    await says(ben, 'ana has lost everything and started over');
    await says(ben, 'nothing is sent for another');
    assert.equal(await ben.button('I understand, continue').count(), 0);
    assert.equal(await ben.textbox('Message').isEnabled(), false);
    await ben.page.getByRole('link', { name: 'Compare now', exact: true }).click();
    await says(ben, 'Compare the numbers to be sure that it is ana.');
    await ben.button('Mark as verified').click();
    await says(ben, 'You have verified ana.');
    await ben.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await ben.say('good to have you back');
    await phone.openConversation('ben');
    await phone.sees('ben', 'good to have you back');
  });

  it('what was written before stays closed', async () => {
    assert.equal(await phone.page.getByText('before everything was lost').count(), 0);
    await ben.sees('ben', 'before everything was lost');
    await phone.say('and good to be here');
    await ben.sees('ana', 'and good to be here');
  });

  it('who had not verified is warned as well, and may go on', async () => {
    await carl.openConversation('ana');
    await says(carl, 'ana has lost everything and started over');
    await carl.button('I understand, continue').click();
    await carl.say('carl again');
    await phone.openConversation('carl');
    await phone.sees('carl', 'carl again');
  });

  it('the old password opens nothing, the new one the account', async () => {
    await ana.fillSignIn(password);
    await says(ana, 'The user name or the password is not right');
    await ana.fillSignIn(newPassword);
    await ana.ready();
    await ana.openConversation('ben');
    await ana.sees('ben', 'good to have you back');
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, phone, ben, carl]) await person.leave();
  });
});
