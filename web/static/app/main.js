// The page's start: get hold of the lock, run the core, and show the screen that fits the session.
import { Core } from './core.js';
import { replace } from './dom.js';
import { TabLock } from './lock.js';
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

/** Shows one screen in place of another. */
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
async function crashed(text) {
  core?.stop();
  core = null;
  console.error(`frond: ${text}`);
  if (!(await storageWorks())) return noStorage(new Error(text));
  show(new NoticeView({ title: strings.loading.crashed, text: strings.loading.crashedHint, ...reload }));
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
  const mine = (core = new Core(
    (event, data) => {
      if (mine !== core) return;
      if (event === 'loading') loading.progress(data);
      else if (event === 'ready') rememberVisit(), loading.starting();
      else if (event === 'crashed') crashed(data.text);
      else if (event === 'fault' && data.code === takenOver) elsewhere();
      else store.apply(event, data);
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
const inside = () => Promise.all([import('./views/shell.js'), import('./views/recovery.js')]);
const quiet = 1500; // ms after which there is time to fetch it

async function enter(mine, store, isNew) {
  try {
    const [{ ShellView }, { WelcomeView }] = await inside();
    if (mine !== core || screen.inside || store.session.state !== 'signed-in') return;
    const shell = () => show(new ShellView(mine, store));
    if (isNew) show(new WelcomeView(mine, store.session, shell));
    else shell();
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
