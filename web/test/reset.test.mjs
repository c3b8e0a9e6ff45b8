// Somebody lost everything. An administrator's link begins the account anew, nobody can do it behind the
// back of who is still there, and contacts are warned and protected.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { noMariaDB, startMariaDB } from './lib/mariadb.mjs';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const newPassword = 'velvet tram four mountains';

describe('an account that starts over', { skip: noBrowser() || noMariaDB(), timeout: 600_000 }, () => {
  let mariadb, server, browser, ana, phone, ben, carl, dora, tablet;

  before(async () => {
    mariadb = await startMariaDB();
    server = await Server.start('--database', mariadb.url);
    browser = await launch();
    [ana, ben, carl, dora] = await Promise.all(['ana', 'ben', 'carl', 'dora'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl, dora]) await person.signUp();
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
    await ben.startConversation('ana, carl, dora', 'Boat');
    await ben.openConversation('ana');
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
    for (const person of [ana, dora]) person.tolerate(/join conversation/); // a device that is out tries to come in until it hears why
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

  it('in a group it is said whose keys changed, and each is answered for itself', async () => {
    tablet = await follow(linkFor('dora'));
    await startOver(tablet);
    await tablet.readRecoveryCode();
    await tablet.button('Skip for now').click();
    await tablet.ready();
    dora.tolerate(/401/, /WebSocket/);
    await ben.openConversation('Boat');
    await says(ben, 'The safety numbers of ana and dora have changed');
    await says(ben, 'You had verified this person: nothing is sent for another');
    const compare = (name) => ben.page.getByRole('link', { name: `Compare numbers with ${name}`, exact: true });
    await compare('dora').click();
    await says(ben, 'Compare the numbers to be sure that it is dora.');
    await ben.page.getByRole('link', { name: 'Back to the members', exact: true }).click();
    for (const name of ['ana', 'dora']) await ben.page.locator('.rows li').filter({ hasText: name }).getByText('Number changed').waitFor();
    await ben.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
    await ben.button('I understand, continue').click(); // dora comes back, ana is held
    await says(ben, 'You had verified ana, so nothing is sent for another');
    assert.equal(await ben.button('I understand, continue').count(), 0);
    assert.equal(await ben.textbox('Message').isEnabled(), false);
    await tablet.openConversation('Boat');
  });

  it('who is held is added to nothing', async () => {
    await ben.button('New conversation').click();
    await ben.textbox('People').fill('ana, carl');
    await ben.textbox('Name').fill('Another boat');
    await ben.button('Start').click();
    await says(ben, 'You had verified ana, so the new keys can be accepted only after');
    await ben.page.keyboard.press('Escape');
    await ben.openConversation('ana');
  });

  it('who had verified the person is warned, and held for a day unless they compare', async () => {
    await says(ben, 'ana has lost everything and started over');
    await says(ben, 'nothing is sent for another');
    assert.equal(await ben.button('I understand, continue').count(), 0);
    assert.equal(await ben.textbox('Message').isEnabled(), false);
    await ben.page.getByRole('link', { name: 'Compare now', exact: true }).click();
    await says(ben, 'Compare the numbers to be sure that it is ana.');
    const ask = ben.page.getByRole('dialog', { name: 'Did you compare the number with ana?', exact: true });
    await ben.button('Mark as verified').click();
    await ask.getByRole('button', { name: 'Not yet', exact: true }).click();
    await ask.waitFor({ state: 'detached' });
    assert.equal(await ben.page.getByText('You have verified ana.').count(), 0, 'one click lifts the hold');
    await ben.button('Mark as verified').click();
    await ask.getByRole('button', { name: 'Yes, it is the same', exact: true }).click();
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
    await ana.page.waitForFunction(() => ![...document.querySelectorAll('.list a')].some((a) => /Joining/.test(a.getAttribute('aria-description'))));
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, phone, ben, carl, dora, tablet]) await person.leave();
  });
});
