// The page's start: get hold of the lock, run the core, and show the screen that fits the session.
import { Core } from './core.js';
import { replace } from './dom.js';
import { momentName } from './format.js';
import { TabLock } from './lock.js';
import { codeHref, listHref, takeResetLink } from './route.js';
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
let resetLink = takeResetLink(); // an account is to be started over
let farewell = ''; // why this device's session is about to end

/** Shows one screen in place of another; a dialog belongs to the screen it was opened from. */
function show(view) {
  closeDialogs();
  screen?.close();
  screen = view;
  replace(app, view.root);
  view.shown?.();
  return view;
}

// A link followed in an open page changes only the fragment.
let whenLinked = () => {};
addEventListener('hashchange', () => {
  const link = takeResetLink();
  if (!link) return;
  resetLink = link;
  whenLinked();
});

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
  store.on('account-reset', ({ at }) => (farewell = strings.reset.happened(momentName(at))));
  store.on('approval', ({ state }) => (farewell = state === 'denied' ? strings.unlock.denied : ''));
  store.on('session', (session) => follow(mine, store, session));
  whenLinked = () => follow(mine, store, store.session);
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
const quiet = 4000; // ms after which there is time to fetch it: typing a password takes longer

// Screens that few people ever see come when they are needed.
async function showLate(mine, store, state, load, make) {
  try {
    const { default: Late } = await load();
    if (mine === core && store.session.state === state && !(screen instanceof Late)) show(make(Late));
  } catch (error) {
    if (mine === core) crashed(error.message);
  }
}

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
  const { state } = session;
  if (state === 'signed-in') {
    if (resetLink && !screen.newAccount) return offerReset(session, () => follow(mine, store, session));
    resetLink = null;
    if (!screen.inside) enter(mine, store, Boolean(screen.newAccount));
    return;
  }
  if (state === 'locked') return void showLate(mine, store, state, () => import('./views/unlock.js'), (Unlock) => new Unlock(mine, store));
  if (resetLink) return void showReset(mine, store, session);
  if (screen instanceof SignView) return;
  showSignIn(mine, session);
}

// Starting over is for who cannot sign in. Whoever is signed in here loses nothing by a click.
function offerReset({ name }, goOn) {
  const words = strings.reset;
  const onAction = () => ((resetLink = null), goOn());
  show(new NoticeView({ title: words.inUse(name), text: words.inUseHint, action: words.goOn(name), onAction }));
}

function showReset(mine, store, session) {
  const cancel = () => ((resetLink = null), showSignIn(mine, session));
  return showLate(mine, store, session.state, () => import('./views/reset.js'), (Reset) => new Reset(mine, resetLink, cancel));
}

function showSignIn(mine, session) {
  history.replaceState(null, '', listHref);
  document.title = strings.title(0);
  show(new SignView(mine, session, farewell));
  farewell = '';
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
