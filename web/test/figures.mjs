// How long it takes in a real browser to sign in on a new device of a full account, measured against the real
// server, which native clients fill first: node web/test/figures.mjs [conversations] [messages in each]
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Person, launch, noBrowser } from './lib/people.mjs';
import { Server } from './lib/server.mjs';

const [conversations = '100', each = '100'] = process.argv.slice(2);
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

function fill(url) {
  const flags = ['-run', 'TestFillAServer', '-v', '-count', '1', '-timeout', '20m'];
  const sizes = ['-sim.fill', url, '-sim.conversations', conversations, '-sim.each', each];
  execFileSync('go', ['test', './sim', ...flags, ...sizes], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Milliseconds until something holds, looked at every 20 ms. */
async function until(began, holds) {
  while (!(await holds())) await new Promise((r) => setTimeout(r, 20));
  return Math.round(performance.now() - began);
}

async function measure(browser, server) {
  const ada = await Person.arrive(browser, server.url, 'ada');
  const times = {};
  const began = performance.now();
  ada.page.on('request', (request) => {
    if (request.url().endsWith('/kdf')) times.asked = performance.now() - began;
    if (request.url().endsWith('/sign-in')) times.stretched = Math.round(performance.now() - began - times.asked);
  });
  await ada.fillSignIn();
  const listed = (selector, pattern) => // cheap, so that looking takes no time from what is looked at
    ada.page.evaluate(([s, p]) => [...document.querySelectorAll(s)].filter((e) => new RegExp(p).test(e.textContent)).length, [selector, pattern]);
  times.list = await until(began, () => listed('.list-title', '^group \\d+').then((n) => n >= Number(conversations)));
  const newest = `message ${Number(each) - 1}`;
  times.glance = await until(began, () => listed('.list-preview', 'message \\d+$').then((n) => n >= Number(conversations)));
  await ada.openConversation('group 0');
  times.opened = await until(began, () => ada.messages.getByText(newest, { exact: true }).count().then((n) => n > 0));
  await ada.say('here I am');
  await ada.seesSent('here I am');
  times.sent = Math.round(performance.now() - began);
  return times;
}

if (noBrowser()) {
  console.log(noBrowser());
} else {
  const server = await Server.start('--unlimited');
  fill(server.url);
  const browser = await launch();
  const t = await measure(browser, server);
  console.log(`${conversations} conversations of ${each} messages in ${browser.version()}, from pressing "Sign in" with the password's stretching:`);
  console.log(`password stretched (Argon2id, 64 MiB, three passes) in ${t.stretched} ms`);
  console.log(`list complete ${t.list} ms, a glance at each ${t.glance} ms, one opened ${t.opened} ms, a message sent ${t.sent} ms`);
  await browser.close();
  await server.close();
}
