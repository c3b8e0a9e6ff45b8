// Who is in a group, and who may change that.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('the members of a group', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana, ben, carl, dora;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    [ana, ben, carl, dora] = await Promise.all(['ana', 'ben', 'carl', 'dora'].map((name) => Person.arrive(browser, server.url, name)));
    for (const person of [ana, ben, carl, dora]) await person.signUp();
    await ana.startConversation('ben, carl', 'Boat');
    for (const person of [ben, carl]) await person.openConversation('Boat');
    await ana.say('all aboard');
    for (const person of [ben, carl]) await person.sees('ana', 'all aboard');
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const openBoat = (person) => person.page.goto(`${server.url}#/`).then(() => person.openConversation('Sailing boat'));
  const openMembers = (person) => person.page.getByRole('link', { name: 'Members', exact: true }).click();
  const rows = (person) => person.page.locator('.rows li');
  const back = (person) => person.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();

  it('everybody sees who is there; only who may change it is offered to', async () => {
    await openMembers(ana);
    await openMembers(ben);
    for (const person of [ana, ben]) {
      await person.page.getByRole('heading', { name: '3 members' }).waitFor();
      assert.equal(await rows(person).count(), 3);
      assert.match(await rows(person).first().innerText(), /ana/);
    }
    assert.equal(await ana.button('Remove ben').count(), 1);
    assert.equal(await ben.button('Remove carl').count(), 0);
    assert.equal(await ana.button('Remove ana').count(), 0);
  });

  it('somebody is added and hears what is said from then on', async () => {
    await ana.button('Add people').click();
    await ana.textbox('People').fill('nobody-here');
    await ana.button('Add').click();
    await ana.page.locator('dialog .field-error:not(:empty)').waitFor();
    await ana.textbox('People').fill('');
    await ana.page.keyboard.press('Backspace');
    await ana.textbox('People').fill('dora');
    await ana.button('Add').click();
    await ana.page.getByRole('heading', { name: '4 members' }).waitFor();
    await dora.openConversation('Boat');
    await back(ana);
    await ana.say('welcome, dora');
    await dora.sees('ana', 'welcome, dora');
  });

  it('the group gets another name, for all', async () => {
    await openMembers(ana);
    await ana.button('Rename').click();
    await ana.textbox('Name').fill('Sailing boat');
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Rename', exact: true }).click();
    for (const person of [ana, ben, carl, dora]) await person.link('Sailing boat').waitFor();
  });

  it('a member becomes a moderator and may then remove others', async () => {
    await ana.page.getByRole('combobox', { name: 'Role of ben', exact: true }).selectOption('moderator');
    await rows(ben).filter({ hasText: 'ben' }).getByText('Moderator').waitFor();
    await ben.button('Remove carl').waitFor();
  });

  it('who is removed reads nothing more and is told so', async () => {
    await ana.button('Remove carl').click();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await ana.page.getByRole('heading', { name: '3 members' }).waitFor();
    await back(ana);
    await ana.say('not for carl');
    await dora.sees('ana', 'not for carl');
    await carl.page.waitForTimeout(1000);
    assert.equal(await carl.page.getByText('not for carl').count(), 0);
    assert.equal(await carl.textbox('Message').isEnabled().catch(() => false), false, 'carl may still write');
  });

  it('somebody leaves, after being asked, and the others are told', async () => {
    await dora.openConversation('Sailing boat');
    await openMembers(dora);
    await dora.button('Leave this conversation').click();
    const dialog = dora.page.getByRole('dialog');
    await dialog.getByText('You can read nothing that is written from now on').waitFor();
    await dialog.getByRole('button', { name: 'Leave', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await ana.messages.getByText('dora left').waitFor();
    await ana.say('not for dora');
    await ana.seesSent('not for dora');
    assert.equal(await dora.page.getByText('not for dora').count(), 0);
  });

  it('the only owner is told to make another one first', async () => {
    await openMembers(ana);
    await ana.page.getByText('You are the only owner here.').waitFor();
    assert.equal(await ana.button('Leave this conversation').count(), 0);
    const box = ana.page.getByRole('combobox', { name: 'Role of ben', exact: true });
    const dialog = ana.page.getByRole('dialog', { name: 'Make ben an owner?', exact: true });
    await box.focus();
    await ana.page.keyboard.press('ArrowUp'); // which may only have been passing by
    await dialog.waitFor();
    await ana.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await box.inputValue(), 'moderator');
    assert.equal(await ana.button('Leave this conversation').count(), 0);
    await box.selectOption('owner');
    await dialog.getByRole('button', { name: 'Make owner', exact: true }).click();
    await ana.button('Leave this conversation').click();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Leave', exact: true }).click();
    await openBoat(ben);
    await ben.messages.getByText('ana left').waitFor();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, ben, carl, dora]) await person.leave();
  });
});
