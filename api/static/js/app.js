// What every page does: dialogs, copy buttons, `/` for search. No page needs it to be readable.
import "./tables.js";
import { keep } from "./unsent.js";
import { t, tn } from "./words.js";

const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]");

/** Say something to screen readers without moving the focus. */
export function announce(text) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = text;
}

document.addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) document.getElementById(closer.dataset.closes)?.close();
  const copier = event.target.closest("[data-copy]");
  if (copier) {
    await navigator.clipboard.writeText(copier.dataset.copy);
    const label = copier.textContent;
    copier.textContent = t("Copied");
    announce(t("Copied"));
    setTimeout(() => { copier.textContent = label; }, 1500);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const search = [...document.querySelectorAll("[data-search]")].at(-1);
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});

// Whoever signs out leaves nothing of a visit or a review to the next person with this device.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("form[action='/logout']") || !("indexedDB" in window)) return;
  event.preventDefault();
  const [store, { ROOM }] = await Promise.all([import("./visit_store.js"), import("./room_outbox.js")]).catch(() => [null, {}]);
  if (!store) { form.submit(); return; }
  const typed = Object.keys(localStorage).filter((name) => name.startsWith(ROOM));
  const waiting = typed.length + await store.waitingCount().catch(() => 0);
  const asked = tn("{count} entry was never sent. Signing out deletes it from this device. Sign out?", "{count} entries were never sent. Signing out deletes them from this device. Sign out?", waiting);
  if (waiting && !window.confirm(asked)) return;
  for (const name of typed) localStorage.removeItem(name);
  await store.forgetEverything().catch(() => undefined);
  form.submit();
});

// A second press while the first is on its way would be answered as a step that is no longer possible. `pageshow`: coming back with the Back button.
const SENDING_MS = 8000; // an answer that is a file leaves the page as it is
const sent = new WeakSet();
window.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return; // `form.method` may be a field of that name
  if (sent.has(form)) { event.preventDefault(); return; }
  sent.add(form);
  if (!form.matches("[action='/language'], [action='/logout']")) keep(form);
  form.setAttribute("aria-busy", "true");
  const free = () => { sent.delete(form); form.removeAttribute("aria-busy"); };
  setTimeout(free, SENDING_MS);
  window.addEventListener("pageshow", free, { once: true });
});

// On a phone the stages are a strip: the one that is open is brought into the picture.
const here = document.querySelector(".stages [aria-current]");
if (here) here.closest(".stages").scrollLeft = here.offsetLeft - (here.closest(".stages").clientWidth - here.offsetWidth) / 2;
