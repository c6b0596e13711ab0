// A form that was sent when the session had ended is filled again after sign-in. Kept in this tab only, for one person and one page, until the next
// page that opens; passwords, files and what a page hides in its form are never kept.
import { t } from "./words.js";

const NAME = "classproof-unsent";
const viewer = () => document.querySelector(".viewer-name")?.textContent ?? "";
const typed = (form) => [...form.elements].filter((one) => one.name && !["hidden", "password", "file", "submit", "button"].includes(one.type));

/** Called when a form leaves the page. */
export function keep(form) {
  if (!viewer()) return;
  const fields = typed(form).filter((one) => one.checked !== false || !["checkbox", "radio"].includes(one.type)).flatMap((one) =>
    one.multiple && one.options ? [...one.selectedOptions].map((option) => [one.name, option.value]) : [[one.name, one.value]]);
  const what = { viewer: viewer(), page: location.pathname, action: form.getAttribute("action"), fields };
  try { sessionStorage.setItem(NAME, JSON.stringify(what)); } catch { /* a full store: the form is only not filled again */ }
}

function fill(form, fields) {
  const left = new Map();
  for (const [name, value] of fields) left.set(name, [...(left.get(name) ?? []), value]);
  for (const one of typed(form)) {
    const values = left.get(one.name) ?? [];
    if (["checkbox", "radio"].includes(one.type)) one.checked = values.includes(one.value);
    else if (one.multiple && one.options) for (const option of one.options) option.selected = values.includes(option.value);
    else if (values.length) one.value = values.shift();
    else continue;
    one.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function restore() {
  if (location.pathname.startsWith("/login")) return;
  const kept = sessionStorage.getItem(NAME);
  sessionStorage.removeItem(NAME);
  const from = document.referrer ? new URL(document.referrer) : null;
  if (!kept || !from || from.origin !== location.origin || !from.pathname.startsWith("/login")) return;
  const what = JSON.parse(kept);
  if (what.viewer !== viewer() || what.page !== location.pathname) return;
  const form = [...document.querySelectorAll("main form")].find((one) => one.getAttribute("action") === what.action);
  if (!form) return;
  fill(form, what.fields);
  for (let part = form.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  form.closest("dialog")?.showModal();
  const said = document.createElement("p");
  said.className = "hint";
  said.setAttribute("role", "status");
  form.prepend(said);
  said.textContent = t("Nothing was sent yet. This is what you had typed; check it, choose files again, and send it.");
  form.scrollIntoView({ block: "center" });
}

restore();
