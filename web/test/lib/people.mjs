// People with browsers. Each has a profile of its own, and everything they do goes through the
// accessible names of the page.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const places = [process.env.FROND_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const flags = '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** The password of everybody in these tests. */
export const password = 'plum rocket winter tea';

/** Why browser tests cannot run here, or false. A set-up that promises a browser makes it an error. */
export function noBrowser() {
  if (places.some((p) => p && existsSync(p))) return false;
  assert.notEqual(process.env.FROND_TEST_CHROMIUM, 'required', 'Chromium is missing');
  return 'Chromium is missing: install it or name it in FROND_CHROMIUM';
}

const options = (more) => ({ executablePath: places.find((p) => p && existsSync(p)), args: [...flags.split(' '), ...more], headless: true });

/** A browser; every person in it has a profile of its own. */
export const launch = (...more) => chromium.launch(options(more));

/** A browser on a profile that was prepared in a folder. */
export const launchProfile = (folder) => chromium.launchPersistentContext(folder, options([]));

export class Person {
  /** What went wrong in this person's browser: console errors, refusals by the policy, exceptions. */
  problems = [];
  #tolerated = [];

  static async arrive(browser, url, name, options = {}) {
    const person = new Person();
    person.name = name;
    person.url = url;
    person.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
    person.context.setDefaultTimeout(30_000);
    await person.open();
    return person;
  }

  /** Opens the page in a new tab, which becomes the person's tab. */
  async open() {
    this.page = await this.newTab();
    return this;
  }

  async newTab() {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.#problem(`exception: ${error.stack}`));
    page.on('crash', () => this.#problem('the tab crashed'));
    page.on('dialog', (dialog) => (this.#problem(`a script opened a dialog: ${dialog.message()}`), dialog.dismiss()));
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && this.#problem(`console ${m.type()}: ${m.text()}`));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) => console.error(`refused by policy: ${e.violatedDirective} ${e.blockedURI}`));
    });
    await page.goto(this.url);
    return page;
  }

  #problem(text) {
    if (!this.#tolerated.some((pattern) => pattern.test(text))) this.problems.push(text);
  }

  /** Problems of this kind are expected from now on: the test causes them. */
  tolerate(...patterns) {
    this.#tolerated.push(...patterns);
  }

  textbox(name) {
    return this.page.getByRole('textbox', { name, exact: true });
  }

  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  get conversations() {
    return this.page.getByRole('navigation', { name: 'Conversations', exact: true });
  }

  link(title) {
    return this.conversations.getByRole('link', { name: title, exact: true });
  }

  get messages() {
    return this.page.getByRole('log', { name: 'Messages', exact: true });
  }

  /** The password this person signed up with. */
  password = password;

  async fillSignUp() {
    await this.textbox('User name').fill(this.name);
    await this.textbox('Password').fill(password);
    await this.button('Create account').click();
  }

  /** Makes an account and leaves the recovery code for later. */
  async signUp() {
    await this.fillSignUp();
    await this.button('Skip for now').click({ timeout: 60_000 });
    await this.ready();
    return this;
  }

  /** The recovery code on the screen. */
  async readRecoveryCode() {
    const list = this.page.getByRole('list', { name: 'Recovery code', exact: true });
    await list.waitFor({ timeout: 60_000 });
    return (await list.getByRole('listitem').allTextContents()).join('-');
  }

  /** Types back the groups of a recovery code that are asked for, in small letters. */
  async typeBack(code) {
    for (const [i, group] of code.split('-').entries()) {
      const box = this.textbox(`Group ${i + 1}`);
      if ((await box.count()) > 0) await box.fill(group.toLowerCase());
    }
    await this.button('Confirm').click();
  }

  async fillSignIn(secret = password) {
    await this.textbox('User name').fill(this.name);
    await this.textbox('Password').fill(secret);
    await this.button('Sign in').click();
  }

  async signIn(secret) {
    await this.fillSignIn(secret);
    await this.ready();
    return this;
  }

  /** Signs in by recovery code and sets a new password. */
  async fillRecover(code, secret) {
    await this.button('Forgot your password?').click();
    await this.textbox('User name').fill(this.name);
    await this.textbox('Recovery code').fill(code);
    await this.textbox('New password').fill(secret);
    await this.button('Set the new password').click();
  }

  async openSettings() {
    await this.button('Settings').click();
    await this.page.getByRole('heading', { name: 'Settings', exact: true }).waitFor();
  }

  /** Gives the device this person sits at a name, by which another one can tell it from the rest. */
  async nameDevice(name) {
    await this.page.goto(`${this.url}#/settings`);
    await this.page.locator('.devices li').first().getByRole('button', { name: /^Rename / }).click();
    await this.textbox('Name of this device').fill(name);
    await this.button('Save').click();
    await this.button(`Rename ${name}`).waitFor();
  }

  /** Removes another device of the account. */
  async removeDevice(name) {
    await this.page.goto(`${this.url}#/settings`);
    await this.button(`Remove ${name}`).click();
    await this.page.getByRole('dialog').getByRole('button', { name: 'Remove it', exact: true }).click();
    await this.page.getByRole('dialog').waitFor({ state: 'detached' });
  }

  /** Waits until the list is there; keys take a while to derive. */
  async ready() {
    await this.link('Everyone').waitFor({ timeout: 60_000 });
  }

  async openConversation(title) {
    await this.link(title).click();
    await this.messages.waitFor();
  }

  async startConversation(people, name) {
    await this.button('New conversation').click();
    await this.textbox('People').fill(people);
    if (name) await this.textbox('Name').fill(name);
    await this.button('Start').click();
    await this.page.getByRole('dialog').waitFor({ state: 'detached' });
    await this.messages.waitFor();
  }

  async say(text) {
    await this.textbox('Message').fill(text);
    await this.button('Send').click();
  }

  /** Waits until the box for messages holds a text. */
  async holds(text, patience = 10_000) {
    const box = this.textbox('Message');
    for (const end = Date.now() + patience; (await box.inputValue()) !== text && Date.now() < end; ) await this.page.waitForTimeout(50);
    assert.equal(await box.inputValue(), text);
  }

  /** The items of the timeline that hold a sender's name and a text. */
  items(sender, text) {
    return this.messages.getByRole('article').filter({ hasText: text }).filter({ hasText: sender });
  }

  /** Waits until the open conversation shows this message, once, and readable. */
  async sees(sender, text, timeout = 30_000) {
    const items = this.items(sender, text);
    try {
      await items.first().waitFor({ timeout });
    } catch {
      assert.fail(`${this.name} does not see "${text}" from ${sender}; the timeline:\n${await this.messages.innerText()}\nproblems: ${this.problems.join('\n')}`);
    }
    assert.equal(await items.count(), 1, `${this.name} sees "${text}" ${await items.count()} times`);
  }

  /** Waits until the person's own message is in the log of the server. */
  async seesSent(text) {
    await this.sees(this.name, text);
    await this.messages.locator('article[data-state=sent]').filter({ hasText: text }).waitFor();
  }

  /** Ends the profile, and fails when anything went wrong in it. */
  async leave() {
    await this.context.close();
    assert.deepEqual(this.problems, [], `problems in the browser of ${this.name}`);
  }
}
