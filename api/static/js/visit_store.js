// What a visit keeps on the phone until it is signed: answers, photos, presence, each with the id under which the server knows it.

const NAME = "classproof-visits";
const ENTRIES = "entries";
let opened;

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(ENTRIES, { keyPath: "id" }).createIndex("visit", "visit");
    request.onsuccess = () => {
      request.result.onversionchange = () => { request.result.close(); opened = undefined; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Answers when it is on disk: whatever comes next, a reload or a dead battery, finds it again. */
async function write(change) {
  const transaction = (await database()).transaction(ENTRIES, "readwrite", { durability: "strict" });
  change(transaction.objectStore(ENTRIES));
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Where the answer to "may this phone say where it is" is kept, for the length of the visit. */
export const consentKey = (visit) => `visit-place:${visit}`;

export const put = (entry) => write((entries) => entries.put(entry));
export const remove = (id) => write((entries) => entries.delete(id));

/** Everything of one member's visit on this phone, oldest first. */
export async function entriesOf(visit, me) {
  const index = (await database()).transaction(ENTRIES).objectStore(ENTRIES).index("visit");
  const found = await done(index.getAll(visit));
  return found.filter((entry) => entry.me === me).sort((a, b) => a.at.localeCompare(b.at));
}

/** How many entries of any visit never reached the server. */
export async function waitingCount() {
  const known = indexedDB.databases ? await indexedDB.databases() : [{ name: NAME }];
  if (!known.some((one) => one.name === NAME)) return 0;
  const all = await done((await database()).transaction(ENTRIES).objectStore(ENTRIES).getAll());
  return all.filter((entry) => entry.state !== "sent").length;
}

/** Visit → how many of its entries never reached the server, for every visit of which this phone holds anything. */
export async function leftBehind() {
  const found = new Map();
  const known = indexedDB.databases ? await indexedDB.databases() : [{ name: NAME }];
  if (known.some((one) => one.name === NAME)) {
    for (const entry of await done((await database()).transaction(ENTRIES).objectStore(ENTRIES).getAll())) {
      found.set(entry.visit, (found.get(entry.visit) ?? 0) + (entry.state === "sent" ? 0 : 1));
    }
  }
  const kept = "caches" in window ? await caches.keys() : [];
  for (const name of kept) if (name.startsWith("visit:/visits/")) found.set(name.slice("visit:/visits/".length), found.get(name.slice("visit:/visits/".length)) ?? 0);
  return found;
}

/** Take every trace of a visit off the phone: entries, the kept page, its worker. */
export async function forget(visit) {
  const ids = await done((await database()).transaction(ENTRIES).objectStore(ENTRIES).index("visit").getAllKeys(visit));
  await write((entries) => ids.forEach((id) => entries.delete(id)));
  localStorage.removeItem(consentKey(visit));
  await leaveNothing((path) => path === `/visits/${visit}`);
}

/** The same for all visits: who signs out leaves nothing to the next person with this phone. */
export async function forgetEverything() {
  if (opened) (await opened).close();
  opened = undefined;
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
  for (const key of Object.keys(localStorage)) if (key.startsWith(consentKey(""))) localStorage.removeItem(key);
  await leaveNothing((path) => path.startsWith("/visits/"));
}

async function leaveNothing(ofVisit) {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  for (const registration of await navigator.serviceWorker.getRegistrations()) {
    if (ofVisit(new URL(registration.scope).pathname)) await registration.unregister();
  }
  for (const name of await caches.keys()) {
    if (name.startsWith("visit:") && ofVisit(name.slice("visit:".length))) await caches.delete(name);
  }
}
