// What a browser keeps on disk: every row of the core's store, as bytes.
import { decode } from './cbor.mjs';

/** All rows a person's browser holds: {key, bytes}. */
export async function rowsOf(person) {
  const rows = await person.page.evaluate(async () => {
    const wait = (request) => new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
    const rows = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await wait(indexedDB.open(name));
      for (const table of db.objectStoreNames) {
        const objects = db.transaction(table).objectStore(table);
        const [keys, values] = await Promise.all([wait(objects.getAllKeys()), wait(objects.getAll())]);
        keys.forEach((key, i) => rows.push([String(key), Array.from(new Uint8Array(values[i].value ?? values[i]))]));
      }
      db.close();
    }
    return rows;
  });
  return rows.map(([key, bytes]) => ({ key, bytes: Uint8Array.from(bytes) }));
}

/** The keys of the messages a person's browser can open: a row of the timeline is a CBOR map in which 8 is the key. */
export async function messageKeysOf(person) {
  const messages = (await rowsOf(person)).filter(({ key }) => /\/msg\//.test(key));
  return messages.map(({ bytes }) => decode(bytes).get(8)).filter(Boolean).map((key) => Buffer.from(key));
}
