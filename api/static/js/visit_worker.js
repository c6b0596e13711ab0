// Keeps the shell of one opened visit, so that it opens where there is no line. Served as /visits/worker.js, registered for that one address.
// Everything else goes to the network as if this were not here; what it keeps is deleted with the visit (visit_store.js).

const PAGE = new URL(self.registration.scope).pathname;
const CACHE = `visit:${PAGE}`;
const PATIENCE_MS = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** The page asks to be kept, with the files it has loaded. Only what came whole and for this very address is kept. */
async function keep(addresses) {
  const cache = await caches.open(CACHE);
  await Promise.all([PAGE, ...addresses].map(async (address) => {
    const response = await fetch(address, { credentials: "same-origin" });
    if (response.ok && !response.redirected && response.type === "basic") await cache.put(address, response);
  }));
}

self.addEventListener("message", (event) => {
  if (event.data?.type !== "keep") return;
  const answer = event.ports[0];
  event.waitUntil(keep(event.data.addresses).then(() => answer?.postMessage("kept"), (error) => answer?.postMessage(String(error))));
});

const tooLong = () => new Promise((_, reject) => { setTimeout(() => reject(new Error("no answer")), PATIENCE_MS); });

async function networkThenKept(request) {
  const kept = await caches.match(request.mode === "navigate" ? PAGE : request, { cacheName: CACHE });
  if (!kept) return fetch(request);
  try {
    return await Promise.race([fetch(request), tooLong()]);
  } catch {
    return kept;
  }
}

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  const itself = event.request.mode === "navigate" && address.pathname === PAGE;
  if (itself || address.pathname.startsWith("/static/")) event.respondWith(networkThenKept(event.request));
});
