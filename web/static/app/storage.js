// Whether this browser lets the page keep anything. The core keeps its keys in IndexedDB, which some
// private windows and full disks refuse.

const name = 'frond-probe';
const patience = 4000; // ms after which a database that does not answer counts as refused

/** Resolves to whether a database can be opened here. */
export function storageWorks() {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), patience);
    try {
      const request = indexedDB.open(name, 1);
      request.onerror = (event) => (event.preventDefault(), resolve(false));
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase(name);
        resolve(true);
      };
    } catch {
      resolve(false);
    }
  });
}
