// The page's start: get hold of the lock, run the core, and show the screen that fits the session.
import { Core } from './core.js';
import { replace } from './dom.js';
import { TabLock } from './lock.js';
import { codeHref } from './route.js';
import { storageWorks } from './storage.js';
import { Store } from './store.js';
import { errorText, strings } from './strings.js';
import { closeDialogs } from './views/dialog.js';
import { LoadingView, NoticeView } from './views/loading.js';
import { otherTabView } from './views/other-tab.js';
import { SignView } from './views/sign.js';

const meta = document.querySelector('meta[name=frond-core]');
const app = document.getElementById('app');
let screen = null;
let core = null;

/** Shows one screen in place of another; a dialog belongs to the screen it was opened from. */
function show(view) {
  closeDialogs();
  screen?.close();
  screen = view;
  replace(app, view.root);
  view.shown?.();
  return view;
}

const reload = { action: strings.loading.reload, onAction: () => location.reload() };

function noStorage(error) {
  console.warn(`frond: ${error.message}`);
  show(new NoticeView({ ...strings.noStorage, ...reload }));
}

// A core that could not open its store ends at once; then the store is what to speak of.
async function crashed(text, wasReady) {
  const words = strings.loading;
  core?.stop();
  core = null;
  console.error(`frond: ${text}`);
  if (!(await storageWorks())) return noStorage(new Error(text));
  const [title, hint] = wasReady ? [words.crashed, words.crashedHint] : [words.notStarted, words.notStartedHint];
  show(new NoticeView({ title, text: hint, ...reload }));
}

// A browser that compiled this very core before has it ready: then progress is not worth its cost.
const visited = 'frond-core';
function firstVisit() {
  try {
    return localStorage.getItem(visited) !== meta.content;
  } catch {
    return true; // storage is refused; the core will say what that means
  }
}

function rememberVisit() {
  try {
    localStorage.setItem(visited, meta.content);
  } catch {
    // as above
  }
}

const takenOver = 'taken-over'; // another tab's core has written to the store of this one's

function elsewhere() {
  core?.stop();
  core = null;
  show(otherTabView(() => location.reload()));
}

async function run() {
  const store = new Store();
  const loading = show(new LoadingView());
  let ready = false;
  const mine = (core = new Core(
    (event, data) => {
      if (mine !== core) return;
      if (event === 'loading') loading.progress(data);
      else if (event === 'crashed') crashed(data.text, ready);
      else if (event === 'fault' && data.code === takenOver) elsewhere();
      else if (event !== 'ready') store.apply(event, data);
      else {
        ready = true;
        rememberVisit();
        loading.starting();
      }
    },
    { wasm: meta.content, size: Number(meta.dataset.size), progress: firstVisit() },
  ));
  store.on('session', (session) => follow(mine, store, session));
  try {
    const session = await mine.command('start');
    if (mine === core && store.session.state === 'starting') store.apply('session', session);
  } catch (error) {
    if (mine === core) failedToStart(error);
  }
}

function failedToStart(error) {
  if (error.code === takenOver) return elsewhere();
  core.stop();
  core = null;
  if (error.code === 'storage') return noStorage(error);
  show(new NoticeView({ title: strings.loading.crashed, text: errorText(error), ...reload }));
}

// What only signed-in people see comes while they type their password, or at once when they need none.
const inside = () => import('./views/shell.js');
const quiet = 1500; // ms after which there is time to fetch it

async function enter(mine, store, isNew) {
  try {
    const { ShellView } = await inside();
    if (mine !== core || screen.inside || store.session.state !== 'signed-in') return;
    // The keys live in this browser's storage: ask that it is not cleared when space is short.
    navigator.storage?.persist?.().catch(() => {});
    store.newAccount = isNew;
    // A new account is offered its recovery code first; everything else stays in reach.
    if (isNew) history.replaceState(null, '', codeHref);
    show(new ShellView(mine, store));
    performance.mark('frond-ready'); // what `make bench` measures
  } catch (error) {
    if (mine === core) crashed(error.message);
  }
}

function follow(mine, store, session) {
  if (session.state === 'signed-in') {
    if (!screen.inside) enter(mine, store, screen instanceof SignView && screen.newAccount);
    return;
  }
  if (screen instanceof SignView) return;
  history.replaceState(null, '', '#/');
  document.title = strings.title(0);
  show(new SignView(mine, session));
  setTimeout(() => inside().catch(() => {}), quiet); // if it fails now, entering tries again and says so
  performance.mark('frond-ready');
}

const lock = TabLock.supported
  ? new TabLock({
      onHeld: run,
      onRefused: noStorage,
      onElsewhere: () => show(otherTabView(() => lock.takeOver())),
      onLost() {
        core?.stop();
        core = null;
      },
    })
  : null;

if (lock) lock.start();
else show(new NoticeView({ title: strings.loading.unsupported, text: strings.loading.unsupportedHint }));
