// Writes a picture of every screen, desktop and phone, light and dark, into the folder named by the
// first argument (test-results/shots by default): node web/test/shots.mjs [folder]
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Person, launch, noBrowser, password } from './lib/people.mjs';
import { Server } from './lib/server.mjs';
import { Wire } from './lib/wire.mjs';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = process.argv[2] ?? path.join(root, 'test-results', 'shots');
const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

if (noBrowser()) throw new Error(noBrowser());
mkdirSync(folder, { recursive: true });
const server = await Server.start();
const wire = await Wire.to(server.port);
const browser = await launch();

/** Takes one screen in all four forms, or in those that are named. */
async function shoot(person, name, wanted = ['desktop', 'phone'], schemes = ['light', 'dark']) {
  for (const [size, viewport] of Object.entries(sizes).filter(([s]) => wanted.includes(s))) {
    for (const colorScheme of schemes) {
      await person.page.setViewportSize(viewport);
      await person.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await person.page.waitForTimeout(350);
      await person.page.screenshot({ path: path.join(folder, `${name}-${size}-${colorScheme}.png`) });
    }
  }
  await person.page.setViewportSize(sizes.desktop);
}

const ana = await Person.arrive(browser, wire.url, 'ana');
await ana.textbox('User name').fill('ana');
await ana.textbox('Password').fill(password);
await shoot(ana, '1-sign');
await ana.textbox('User name').fill('ana maria');
await ana.button('Create account').click();
await ana.page.locator('.field-error:not(:empty)').waitFor();
await shoot(ana, '2-sign-refused');
await ana.textbox('User name').fill('ana');
await ana.button('Create account').click();
await ana.page.getByText('Deriving keys').waitFor();
await shoot(ana, '3-deriving', ['desktop'], ['light']); // it does not wait for more
await ana.readRecoveryCode();
await shoot(ana, '13-recovery-code');
await ana.button('I have kept it').click();
await ana.button('Confirm').waitFor();
await shoot(ana, '14-recovery-typed-back');
await ana.button('Skip for now').click();
await ana.ready();
await shoot(ana, '4-empty');

const others = [];
for (const name of ['ben', 'carla.weiss', 'dmitri']) others.push(await (await Person.arrive(browser, server.url, name)).signUp());
const [ben, carla, dmitri] = others;

await ana.button('New conversation').click();
await ana.textbox('People').fill('ben, carla.weiss, dmitri');
await ana.textbox('Name').fill('Greenhouse rebuild');
await shoot(ana, '5-new-conversation');
await ana.button('Start').click();
await ana.messages.waitFor();
await shoot(ana, '6-group-empty');

for (const person of others) await person.openConversation('Greenhouse rebuild');
const talk = [
  [carla, 'Good morning, all of you'],
  [carla, 'The glass is here.'],
  [ben, 'Finally!'],
  [dmitri, 'I can help from Thursday on, with a van if somebody can tell me where it may stand for the day.'],
  [ana, 'In the yard. I will leave the gate open.'],
  [ana, 'The plan is at https://example.org/plans/greenhouse, page two. **Please** read it before you drill *anything*.'],
  [ben, 'Run this first:\n```\nfor pin in range(8):\n    gpio.setup(pin, gpio.IN)\n    print(pin, gpio.input(pin))\n```'],
  [carla, 'and `sensors --calibrate` after it?'],
  [dmitri, 'שלום! הפגישה מחר בשעה 10:00.'],
  [ben, 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft, in one word'],
  [ana, '🌿'],
  [carla, '<img src=x onerror=alert(1)> is only text here'],
];
for (const [person, text] of talk) {
  await person.say(text);
  await person.messages.locator('article.own[data-state=sent]').last().waitFor();
}
await ana.page.waitForFunction((n) => document.querySelectorAll('[role=log] article.message').length >= n, talk.length);
await shoot(ana, '7-group');

await ben.startConversation('ana');
await ben.say('Hi Ana, do you have a minute?');
await ben.say('It is about the shed.');
for (const person of [carla, dmitri]) {
  await person.openConversation('Everyone');
  await person.say(`Good morning from ${person.name}`);
}
await ana.page.locator('[aria-description*="2 unread"]').first().waitFor();
await ana.page.goto(`${wire.url}#/`);
await shoot(ana, '8-list');
await ana.openConversation('ben');
await ana.sees('ben', 'It is about the shed.');
await shoot(ana, '9-private-unread');
await ana.page.getByRole('link', { name: 'Safety number', exact: true }).click();
await ana.button('Mark as verified').click();
await ana.button('Take the mark away').waitFor();
await shoot(ana, '15-safety-number');
await ana.page.getByRole('link', { name: 'Back to the conversation', exact: true }).click();
await ana.messages.waitFor();
await shoot(ana, '16-verified');
wire.cut();
await ana.page.getByText('What you write waits here').waitFor();
await ana.say('Yes, I am on my way.');
await ana.textbox('Message').fill('A draft\nof three\nlines');
await shoot(ana, '10-offline');
wire.mend();
await ana.button('Connect now').click({ timeout: 3000 }).catch(() => {}); // it may connect by itself first
await ana.seesSent('Yes, I am on my way.');
await ana.openConversation('Greenhouse rebuild');
await ana.page.getByRole('button', { name: /^How long messages stay/ }).click();
await ana.page.getByRole('radio', { name: 'Let them disappear', exact: true }).check();
await shoot(ana, '22-retention');
await ana.button('Change').click();
await ana.page.locator('.top-detail').getByText('Disappears after 1 day').waitFor();
await ben.openConversation('Greenhouse rebuild');
await ben.say('Then we can speak freely about the shed.');
await ana.sees('ben', 'Then we can speak freely');
await shoot(ana, '23-disappearing');
await ana.page.getByRole('link', { name: 'Members', exact: true }).click();
await ana.button('Add people').waitFor();
await shoot(ana, '17-members');

const tablet = await Person.arrive(browser, server.url, 'ana');
await tablet.button('Forgot your password?').click();
await shoot(tablet, '18-forgot');
await tablet.button('Back to signing in').click();
await tablet.signIn();
await tablet.openConversation('Greenhouse rebuild');
await shoot(tablet, '19-new-device', ['phone']);
await ana.page.getByText('New device signed in:').waitFor();
await ana.page.goto(`${wire.url}#/settings`);
await ana.page.locator('.devices li').nth(1).waitFor();
await shoot(ana, '20-settings');
await ana.page.locator('.devices').getByRole('button', { name: /^Remove / }).click();
await shoot(ana, '21-remove-device');
await ana.page.keyboard.press('Escape');
await ana.button('That was me').click();
await ana.page.getByRole('link', { name: 'Make a recovery code' }).click();
const code = await ana.readRecoveryCode();
await ana.button('I have kept it').click();
await ana.typeBack(code);
await ana.page.getByText('Forget your password: safe').waitFor();
await ana.page.getByRole('switch').click();
await ana.textbox('Current password').last().fill(password);
await shoot(ana, '24-high-protection');
await ana.button('Turn it on').click();
await ana.page.getByText('High protection is on.').waitFor({ timeout: 60_000 });
await shoot(ana, '25-settings-below');
const laptop = await Person.arrive(browser, server.url, 'ana');
await laptop.fillSignIn();
await laptop.button('Use the recovery code').waitFor({ timeout: 60_000 });
await shoot(laptop, '26-locked');
await laptop.button('Approve from another device').click();
await laptop.page.locator('svg.qr').waitFor();
await shoot(laptop, '27-locked-code');
await ana.button('Look at it').waitFor();
await shoot(ana, '28-asks');
await ana.button('Look at it').click();
await ana.page.locator('.digits span').first().waitFor();
await shoot(ana, '29-approval');
await laptop.page.locator('.digits span').first().waitFor();
await shoot(laptop, '30-locked-digits');
await ana.button('Deny').click();
await ana.page.getByText('somebody knows your password').waitFor();
await shoot(ana, '31-denied');
await ana.page.locator('.faults').getByRole('button', { name: 'Dismiss' }).click();
const link = server.admin('reset', '--origin', server.url.slice(0, -1), 'ben');
await ben.page.getByText('An administrator has given out a link').waitFor();
await shoot(ben, '32-reset-begun');
const lost = await Person.arrive(browser, link, 'ben');
await lost.page.getByRole('heading', { name: 'Start over' }).waitFor();
await shoot(lost, '33-reset');
await ana.page.goto(`${wire.url}#/`);
await ana.button('Sign out').click();
await shoot(ana, '11-sign-out');
await ana.page.keyboard.press('Escape');
await ana.open();
await ana.page.getByRole('heading', { name: 'Frond is open in another tab' }).waitFor();
await shoot(ana, '12-other-tab');

await browser.close();
await wire.close();
await server.close();
console.log(`pictures are in ${folder}`);
