// Coming and going: what the first page accepts, what it refuses and how it says so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

// Browsers report every refusal of a request in the console.
const refusals = [/the server responded with a status of 4\d\d/];

describe('signing up, in and out', { skip: noBrowser(), timeout: 600_000 }, () => {
  let server, browser, ana;

  before(async () => {
    server = await Server.start();
    browser = await launch();
    ana = await Person.arrive(browser, server.url, 'ana');
    ana.tolerate(...refusals);
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  const errors = (person) => person.page.locator('.field-error:not(:empty), .form-alert:not(:empty)');
  const fill = async (person, name, secret) => {
    await person.textbox('User name').fill(name);
    await person.textbox('Password').fill(secret);
  };

  it('there is one button to create an account and one to sign in', async () => {
    await ana.button('Create account').waitFor();
    assert.equal(await ana.button('Create account').count(), 1);
    assert.equal(await ana.button('Sign in').count(), 1);
  });

  it('an empty form says what is missing, beside it', async () => {
    await ana.button('Create account').click();
    assert.deepEqual(await errors(ana).allInnerTexts(), ['Enter a user name.', 'Enter a password.']);
    assert.ok(await ana.textbox('User name').evaluate((n) => n === document.activeElement));
  });

  for (const name of ['a', 'x'.repeat(200), '<script>alert(1)</script>', '🌿🌿', "' OR 1=1 --", 'tab\there', '-dash', 'ünder']) {
    it(`the name ${JSON.stringify(name.slice(0, 30))} is refused beside its box`, async () => {
      await fill(ana, name, password);
      await ana.button('Create account').click();
      await errors(ana).first().waitFor();
      assert.equal(await ana.textbox('User name').getAttribute('aria-invalid'), 'true');
      assert.match(await errors(ana).first().innerText(), /user name/i);
    });
  }

  it('a short password is refused before anything is sent', async () => {
    await fill(ana, 'ana', 'short');
    await ana.button('Create account').click();
    await errors(ana).first().waitFor();
    assert.equal(await ana.textbox('Password').getAttribute('aria-invalid'), 'true');
  });

  it('an account is made', () => ana.signUp());

  it('a taken name and a wrong password are refused', async () => {
    const other = await Person.arrive(browser, server.url, 'other');
    other.tolerate(...refusals);
    await fill(other, 'ana', password);
    await other.button('Create account').click();
    await errors(other).getByText('This name is taken').waitFor({ timeout: 60_000 });
    await fill(other, 'ana', 'not the right password');
    await other.button('Sign in').click();
    await errors(other).getByText('is not right').waitFor({ timeout: 60_000 });
    await fill(other, 'nobody.here', 'not the right password');
    await other.button('Sign in').click();
    await errors(other).getByText('is not right').waitFor({ timeout: 60_000 }); // the same words: names are not told
    await other.leave();
  });

  it('signing out asks, and the same browser gets everything back', async () => {
    await ana.openConversation('Everyone');
    await ana.say('Kept in this browser.');
    await ana.seesSent('Kept in this browser.');
    await ana.button('Sign out').click();
    await ana.page.getByRole('dialog').waitFor();
    await ana.page.keyboard.press('Escape');
    await ana.link('Everyone').waitFor(); // Escape leaves everything as it was
    await ana.button('Sign out').click();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await ana.button('Sign in').waitFor();
    await ana.page.reload();
    await ana.signIn();
    await ana.openConversation('Everyone');
    await ana.sees('ana', 'Kept in this browser.');
  });

  it('clearing the browser leaves nothing of the account in it', async () => {
    await ana.button('Sign out').click();
    await ana.page.getByRole('checkbox', { name: 'Clear this browser too' }).check();
    await ana.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
    await ana.button('Sign in').waitFor();
    const kept = await ana.page.evaluate(async () => {
      let rows = 0;
      for (const { name } of await indexedDB.databases()) {
        const open = indexedDB.open(name);
        const db = await new Promise((resolve, reject) => ((open.onsuccess = () => resolve(open.result)), (open.onerror = reject)));
        for (const table of db.objectStoreNames) {
          const count = db.transaction(table).objectStore(table).count();
          rows += await new Promise((resolve) => (count.onsuccess = () => resolve(count.result)));
        }
        db.close();
      }
      return rows;
    });
    assert.ok(kept <= 1, `${kept} rows are left`);
    await ana.leave();
  });

  it('with invites, the form asks for a code, and the server for a good one', async () => {
    const invited = await Server.start('--registration', 'invite');
    const dora = await Person.arrive(browser, invited.url, 'dora');
    dora.tolerate(...refusals);
    await dora.textbox('Invite code').fill('made-up');
    await fill(dora, 'dora', password);
    await dora.button('Create account').click();
    await errors(dora).first().waitFor({ timeout: 60_000 });
    assert.equal(await dora.textbox('Invite code').getAttribute('aria-invalid'), 'true');
    const code = execFileSync(invited.binary, ['admin', 'invite', '--data', path.join(invited.folder, 'data')], { encoding: 'utf8' }).trim();
    await dora.textbox('Invite code').fill(code);
    await dora.signUp();
    await dora.leave();
    await invited.close();
  });

  it('a closed server offers only to sign in', async () => {
    const closed = await Server.start('--registration', 'closed');
    const eve = await Person.arrive(browser, closed.url, 'eve');
    await eve.page.getByText('takes no new accounts').waitFor();
    assert.equal(await eve.button('Create account').count(), 0);
    assert.equal(await eve.button('Sign in').count(), 1);
    await eve.leave();
    await closed.close();
  });
});
