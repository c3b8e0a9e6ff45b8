// The worker that runs the client core. The page sends one message {wasm, size, progress}, then
// commands {id, command, data}; it gets replies {id, ok | error} and events {event, data}. Besides
// the core's own events there are three of the worker: `loading` {loaded, size}, `ready` and
// `crashed` {text}.
//
// The core speaks CBOR on both sides: it sets globalThis.frondCommand(bytes) when it is ready, and calls
// globalThis.frondEmit(bytes).
import { decodeCBOR, encodeCBOR } from './vendor/cbor/cbor.js';
import './wasm_exec.js';

const waiting = []; // commands that came before the core was ready

globalThis.frondEmit = (bytes) => postMessage(toObjects(decodeCBOR(bytes)));

// The core announces itself by setting this property; from then on it is a plain function.
Object.defineProperty(globalThis, 'frondCommand', {
  configurable: true,
  set(command) {
    Object.defineProperty(globalThis, 'frondCommand', { value: command, configurable: true });
    postMessage({ event: 'ready', data: {} });
    for (const message of waiting.splice(0)) command(encodeCBOR(toMaps(message)));
  },
});

addEventListener('message', ({ data }) => {
  if (data.wasm) return void run(data);
  if (globalThis.frondCommand) globalThis.frondCommand(encodeCBOR(toMaps(data)));
  else waiting.push(data);
});

async function run({ wasm, size, progress }) {
  try {
    const go = new Go();
    const response = fetch(wasm).then((r) => (r.ok ? (progress ? counted(r, size) : r) : Promise.reject(new Error(`HTTP ${r.status}`))));
    const { instance } = await WebAssembly.instantiateStreaming(response, go.importObject);
    await go.run(instance);
    crashed('the core stopped');
  } catch (error) {
    crashed(String(error?.message ?? error));
  }
}

// The codec has maps where the page has objects. What is undefined is left out.
function toMaps(value) {
  if (Array.isArray(value)) return value.map(toMaps);
  if (value === null || typeof value !== 'object') return value;
  return new Map(Object.entries(value).filter(([, v]) => v !== undefined).map(([name, v]) => [name, toMaps(v)]));
}

function toObjects(value) {
  if (Array.isArray(value)) return value.map(toObjects);
  return value instanceof Map ? Object.fromEntries([...value].map(([name, v]) => [name, toObjects(v)])) : value;
}

const crashed = (text) => postMessage({ event: 'crashed', data: { text } });

// A counted response is a new one, and browsers keep compiled code only for those that came straight
// from the network: the page asks for progress on a first visit alone.
function counted(response, size) {
  let loaded = 0;
  const count = new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      postMessage({ event: 'loading', data: { loaded, size } });
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(count), { headers: { 'Content-Type': 'application/wasm' } });
}
