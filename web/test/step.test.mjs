// What follows a person from one browser to the other: names of devices, colours, and what was begun
// and not sent.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

describe('two browsers of one person', { skip: noBrowser(), timeout: 300_000 }, () => {
  let server, browser, ana, tablet;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    ana = await (await Person.arrive(browser, server.url, 'ana')).signUp();
    tablet = await (await Person.arrive(browser, server.url, 'ana')).signIn();
    for (const person of [ana, tablet]) await person.openSettings();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const rows = (person) => person.page.locator('.devices li');
  const theme = (person) => person.page.locator('html').getAttribute('data-bs-theme');
  const themeIs = (person, wanted) => person.page.waitForFunction((w) => document.documentElement.getAttribute('data-bs-theme') === w, wanted);

  const news = (person, text) => person.page.getByRole('alert', { name: 'News about your devices' }).getByText(text);

  it('the first is told of the second, by name and time, until the person answers', async () => {
    const came = news(ana, 'New device signed in');
    assert.match(await came.innerText(), /New device signed in: Chrome on Linux, today \d{1,2}:\d{2}/);
    await ana.page.reload();
    await came.waitFor();
    await ana.button('That was me').click();
    await came.waitFor({ state: 'detached' });
    await ana.page.reload();
    await rows(ana).nth(1).waitFor();
    assert.equal(await came.count(), 0, 'it is told again');
  });

  it('a browser that was closed is told too; who removes the new device is offered to change the password', async () => {
    await tablet.page.close();
    const stranger = await (await Person.arrive(browser, server.url, 'ana')).signIn();
    await tablet.open();
    for (const person of [ana, tablet]) await news(person, 'New device signed in').waitFor();
    stranger.tolerate(/WebSocket connection to .* failed/, /401/);
    await tablet.button('Remove it').click();
    await tablet.page.getByRole('dialog').getByRole('button', { name: 'Remove it', exact: true }).click();
    await stranger.button('Sign in').waitFor();
    await stranger.leave();
    for (const person of [ana, tablet]) await news(person, 'Device removed: Chrome on Linux').waitFor();
    await ana.button('Dismiss the news about Chrome on Linux').click();
    await news(ana, 'Device removed').waitFor({ state: 'detached' });
    await tablet.page.getByRole('link', { name: 'Change password', exact: true }).click();
    await tablet.textbox('Current password').and(tablet.page.locator(':focus')).waitFor();
    await tablet.button('Dismiss the news about Chrome on Linux').click();
  });

  it('a device is given a name, with Escape as a way back and Enter to keep it', async () => {
    await rows(ana).nth(1).waitFor();
    const own = rows(ana).filter({ hasText: 'This device' });
    const rename = own.getByRole('button', { name: 'Rename Chrome on Linux' });
    await rename.focus();
    await ana.page.keyboard.press('Enter');
    await ana.page.keyboard.type('Not this');
    await ana.page.keyboard.press('Escape');
    assert.ok(await rename.evaluate((n) => n === document.activeElement), 'the focus did not return');
    await ana.page.keyboard.press('Enter');
    await ana.page.keyboard.type('Desk upstairs');
    await ana.page.keyboard.press('Enter');
    await own.getByText('Desk upstairs').waitFor();
    assert.ok(await own.getByRole('button', { name: 'Rename Desk upstairs' }).evaluate((n) => n === document.activeElement), 'the focus was lost');
    await rows(tablet).getByText('Desk upstairs').waitFor();
  });

  it('the colours chosen on one are those of the other, also after loading again', async () => {
    assert.equal(await theme(tablet), 'light');
    await ana.page.getByRole('combobox', { name: 'Colours', exact: true }).selectOption('dark');
    for (const person of [ana, tablet]) await themeIs(person, 'dark');
    await tablet.page.reload();
    assert.equal(await theme(tablet), 'dark', 'the first paint was in the wrong colours');
    await tablet.page.getByRole('combobox', { name: 'Colours', exact: true }).selectOption('system');
    for (const person of [ana, tablet]) await themeIs(person, 'light');
  });

  const back = (person) => person.page.goto(`${server.url}#/`);
  const box = (person) => person.textbox('Message');

  it('what was begun on one is a draft in the list of the other, and goes on there', async () => {
    await ana.openConversation('Everyone');
    await back(tablet);
    await box(ana).fill('half a thought');
    await tablet.link('Everyone').getByText('Draft').waitFor();
    await tablet.openConversation('Everyone');
    await tablet.holds('half a thought');
    await box(tablet).fill('half a thought, and the rest');
    await ana.holds('half a thought, and the rest');
  });

  it('a draft never overwrites what is being written', async () => {
    await box(tablet).fill('written on the tablet');
    await box(ana).fill('written on the desk');
    await ana.page.waitForTimeout(4000);
    assert.equal(await box(tablet).inputValue(), 'written on the tablet');
    assert.equal(await box(ana).inputValue(), 'written on the desk');
  });

  it('a draft survives loading the page again, and is gone once it was sent', async () => {
    await back(ana);
    await ana.page.waitForTimeout(500);
    await box(tablet).fill('survives');
    await ana.link('Everyone').getByText('Draft: survives').waitFor();
    await tablet.page.reload();
    await tablet.holds('survives');
    await ana.openConversation('Everyone');
    await ana.holds('survives');
    await tablet.button('Send').click();
    await tablet.seesSent('survives');
    await ana.holds('');
    await back(ana);
    await ana.link('Everyone').getByText('You: survives').waitFor();
  });

  it('nothing went wrong in any browser', async () => {
    for (const person of [ana, tablet]) await person.leave();
  });
});
