// The phone page of a visit. Everything is written to the phone first and sent when there is a line; the page says of each item which it is.
import { announce } from "./app.js";
import { LineDown, Problem, call } from "./api.js";
import { onFiles } from "./files.js";
import { newId } from "./ids.js";
import { hashOf, placeNow } from "./visit_device.js";
import { Sender } from "./visit_send.js";
import { consentKey, entriesOf, forget, put, remove } from "./visit_store.js";
import { t, tn } from "./words.js";

const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
const TAKES = ["image/jpeg", "image/png"];
const SHOT_PX = 160;
const LOOK_EVERY_MS = 20_000;
const ENDED = ["signed", "closed", "missed", "void"];

const root = document.getElementById("visit");
const { code, me } = root.dataset;
const path = `/api/v1/visits/${code}`;
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const items = [...root.querySelectorAll("[data-item]")];
let entries = [];
let known = JSON.parse(document.getElementById("visit-known").textContent);
let line = navigator.onLine ? "up" : "down";
let looked = false; // the server was asked since this page opened

const unsent = () => entries.filter((entry) => ["placing", "waiting", "refused"].includes(entry.state));
const lastOwn = (item) => entries.findLast((entry) => entry.kind === "answer" && entry.item === item);
const answerOf = (item) => {
  const own = lastOwn(item);
  if (own && (own.state !== "sent" || !looked)) return own; // a kept page may know less than the phone
  return known.answers.find((one) => one.item === item) ?? own;
};

// ---- keeping

async function save(entry) {
  entries = [...entries.filter((one) => one.id !== entry.id), entry].sort((a, b) => a.at.localeCompare(b.at));
  await put(entry);
  paint();
}

const fresh = (kind, more) => ({ id: newId(), visit: code, me, kind, at: new Date().toISOString(), state: "waiting", why: "", ...more });

async function drop(entry) {
  entries = entries.filter((one) => one.id !== entry.id);
  await remove(entry.id);
  paint();
}

// ---- sending

const sender = new Sender({
  path,
  waiting: async () => entries.filter((entry) => entry.state === "waiting"),
  settled: save,
  line: (state) => { line = state; paint(); },
});

async function look() {
  try {
    known = await call("GET", path, { signal: AbortSignal.timeout(15_000) });
    [line, looked] = ["up", true];
  } catch (error) {
    if (!(error instanceof Problem || error instanceof LineDown)) throw error;
    line = error.status === 401 ? "signed-out" : error instanceof Problem && error.status < 500 ? "gone" : "down";
  }
  paint();
  if (ENDED.includes(known.state) && unsent().length === 0) await leave();
}

async function work() {
  await sender.kick();
  await look();
}

async function leave() {
  await forget(code);
  location.reload();
}

// ---- what a person does

async function answered(box) {
  const item = box.dataset.item;
  const answer = box.querySelector("input[type=radio]:checked")?.value;
  const note = box.querySelector("textarea").value.trim();
  if (!answer) return;
  const before = answerOf(item);
  if (before && before.answer === answer && before.note === note && before.state !== "draft") return;
  const state = answer === "yes" || note ? "waiting" : "draft";
  for (const older of entries.filter((one) => one.kind === "answer" && one.item === item && ["waiting", "draft", "refused"].includes(one.state))) {
    await drop(older); // never reached the server: only the last word is sent
  }
  await save(fresh("answer", { item, answer, note, state }));
  if (state === "waiting") await work();
}

async function photographed(box, files) {
  const item = box.dataset.item;
  const problem = box.querySelector("[data-part=photo-problem]");
  problem.textContent = "";
  for (const file of files) {
    if (!TAKES.includes(file.type) || file.size > MAX_PHOTO_BYTES) {
      problem.textContent = t("This picture is not a JPEG or PNG of at most 10 MB. Lower the camera's resolution and take it again.");
      announce(problem.textContent);
      continue;
    }
    const data = await file.arrayBuffer();
    const entry = fresh("photo", { item, blob: new Blob([data], { type: file.type }), sha256: await hashOf(data), place: { state: "unavailable" }, state: "placing" });
    await save(entry); // first the picture, then the question where it was
    await save({ ...entry, place: await placeNow(consents()), state: "waiting" });
  }
  await work();
}

const consents = () => root.querySelector("[name=place]:checked")?.value === "share";

async function present() {
  part("present").disabled = true;
  await save(fresh("presence", { place: await placeNow(consents()) }));
  await work();
}

async function sign(event) {
  event.preventDefault();
  const problem = part("sign-problem");
  problem.textContent = "";
  try {
    known = await call("POST", `${path}/sign`, { body: { record_sha256: known.record_sha256, note: part("sign-note").value.trim() } });
    line = "up";
    announce(t("You have signed."));
    paint();
    if (ENDED.includes(known.state)) await leave();
  } catch (error) {
    if (error instanceof LineDown) problem.textContent = t("There is no line. Signing needs one: try again where there is.");
    else if (error instanceof Problem) problem.textContent = `${error.detail} ${error.advice}`;
    else throw error;
    await look();
  }
}

// ---- what the page says

const SAYS = {
  placing: () => t("On this phone, not sent yet"),
  waiting: () => t("On this phone, not sent yet"),
  sent: () => t("Sent"),
  draft: () => t("Say why, then it is kept"),
  refused: (entry) => t("Refused: {why}", { why: entry.why }),
};

function paintItem(box) {
  const item = box.dataset.item;
  const answer = answerOf(item);
  const note = box.querySelector("textarea");
  for (const radio of box.querySelectorAll("input[type=radio]")) radio.checked = radio.value === answer?.answer;
  if (answer && document.activeElement !== note) note.value = answer.note;
  box.querySelector("[data-part=note]").hidden = !answer || (answer.answer === "yes" && !answer.note);
  const says = box.querySelector("[data-part=says]");
  const state = answer ? answer.state ?? "sent" : "open";
  says.dataset.state = state;
  says.textContent = answer ? SAYS[state](answer) + (answer.by ? ` · ${answer.by}` : "") : "";
  const mine = entries.filter((entry) => entry.kind === "photo" && entry.item === item);
  const theirs = known.photos.filter((photo) => photo.item === item && !mine.some((entry) => entry.id === photo.client_id));
  paintShots(box.querySelector("ul"), mine, theirs);
  const missing = known.photos_missing.includes(item) && mine.length === 0;
  const wanted = box.dataset.photo === "yes" && mine.length + theirs.length === 0 && answer?.answer !== "not-applicable";
  box.querySelector("[data-part=photo-wanted]").hidden = !(missing || wanted || (answer?.answer === "no" && mine.length + theirs.length === 0));
}

function paintShots(list, mine, theirs) {
  const wanted = [...mine.map((entry) => entry.id), ...theirs.map((photo) => photo.client_id)];
  for (const shown of [...list.children]) if (!wanted.includes(shown.dataset.id)) shown.remove();
  for (const entry of mine) {
    const shot = [...list.children].find((one) => one.dataset.id === entry.id) ?? newShot(list, entry.id, entry.blob);
    shot.dataset.state = entry.state;
    shot.querySelector("span").textContent = SAYS[entry.state](entry);
    shot.querySelector("button").hidden = entry.state !== "refused";
  }
  for (const photo of theirs) {
    const shot = [...list.children].find((one) => one.dataset.id === photo.client_id) ?? newShot(list, photo.client_id, null);
    shot.querySelector("span").textContent = `${t("Sent")} · ${photo.by}`;
  }
}

function newShot(list, id, blob) {
  const shot = list.appendChild(document.createElement("li"));
  shot.dataset.id = id;
  if (blob) draw(shot.appendChild(document.createElement("canvas")), blob);
  shot.appendChild(document.createElement("span"));
  const again = shot.appendChild(document.createElement("button"));
  again.type = "button";
  again.hidden = true;
  again.textContent = t("Remove from this phone");
  again.addEventListener("click", () => drop(entries.find((entry) => entry.id === id)));
  return shot;
}

/** Small, from the bytes on the phone: no address a policy would have to allow. */
async function draw(canvas, blob) {
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", t("Photo"));
  canvas.width = canvas.height = SHOT_PX;
  try {
    const picture = await createImageBitmap(blob);
    const scale = Math.max(SHOT_PX / picture.width, SHOT_PX / picture.height);
    const [w, h] = [picture.width * scale, picture.height * scale];
    canvas.getContext("2d").drawImage(picture, (SHOT_PX - w) / 2, (SHOT_PX - h) / 2, w, h);
    picture.close();
  } catch {
    canvas.setAttribute("aria-label", t("Photo without a preview"));
  }
}

function paintLine() {
  const count = unsent().length;
  const says = part("line");
  const words = {
    up: count ? tn("{count} entry is being sent", "{count} entries are being sent", count) : t("Everything is with the server"),
    down: count ? tn("No line. {count} entry waits on this phone", "No line. {count} entries wait on this phone", count) : t("No line. What you enter is kept on this phone"),
    "signed-out": count ? tn("Signed out. {count} entry waits on this phone", "Signed out. {count} entries wait on this phone", count) : t("Signed out"),
    gone: t("This visit is no longer yours. Ask the team's lead or the office."),
  };
  const state = line === "up" && count && entries.every((entry) => !["waiting", "placing"].includes(entry.state)) ? "refused" : line;
  says.dataset.state = count && state === "up" ? "sending" : state;
  const text = state === "refused" ? tn("{count} entry was refused", "{count} entries were refused", count) : words[line];
  if (part("line-text").textContent !== text) part("line-text").textContent = text;
  part("sign-in").hidden = line !== "signed-out";
}

function paintPeople() {
  const own = entries.some((entry) => entry.kind === "presence");
  const mine = known.members.find((member) => member.me);
  const there = own || Boolean(mine?.present_at);
  part("present").hidden = there;
  part("presence-says").textContent = there && !mine?.present_at ? SAYS.waiting() : "";
  const list = part("members");
  list.replaceChildren(...known.members.map((member) => {
    const row = document.createElement("li");
    const words = [member.name, member.lead ? t("lead") : "", member.present_at ? t("is here") : t("not confirmed yet"), member.signed ? t("has signed") : ""];
    row.textContent = words.filter(Boolean).join(" · ");
    row.dataset.here = String(Boolean(member.present_at));
    return row;
  }));
}

function paintSign() {
  const waiting = unsent().length + entries.filter((entry) => entry.state === "draft").length;
  const here = known.members.filter((member) => member.present_at).length;
  const signed = Boolean(known.members.find((member) => member.me)?.signed);
  const open = [
    here < 2 ? t("Two members must have confirmed being here.") : "",
    known.unanswered.length ? tn("{count} item has no answer.", "{count} items have no answer.", known.unanswered.length) : "",
    known.photos_missing.length ? tn("{count} item still needs its photo.", "{count} items still need their photo.", known.photos_missing.length) : "",
    waiting ? tn("{count} entry is not with the server.", "{count} entries are not with the server.", waiting) : "",
    line === "up" ? "" : t("Signing needs a line."),
  ].filter(Boolean);
  part("open").replaceChildren(...open.map((text) => {
    const row = document.createElement("li");
    row.textContent = text;
    return row;
  }));
  part("sign-button").disabled = open.length > 0 || signed;
  part("signed").hidden = !signed;
  part("record-hash").textContent = known.record_sha256.slice(0, 16);
}

function paint() {
  items.forEach(paintItem);
  paintLine();
  paintPeople();
  paintSign();
  const kept = ENDED.includes(known.state) && unsent().length > 0;
  part("too-late").hidden = !kept;
}

// ---- begin

async function keepShell() {
  if (!("serviceWorker" in navigator)) return "no-worker";
  await navigator.serviceWorker.register("/visits/worker.js", { scope: location.pathname });
  const registration = await navigator.serviceWorker.getRegistration(location.pathname);
  const worker = registration.active ?? registration.waiting ?? registration.installing;
  if (worker.state !== "activated") {
    await new Promise((resolve) => worker.addEventListener("statechange", () => { if (worker.state === "activated") resolve(); }));
  }
  const files = performance.getEntriesByType("resource").map((one) => new URL(one.name)).filter((one) => one.origin === location.origin && one.pathname.startsWith("/static/"));
  const channel = new MessageChannel();
  const answer = new Promise((resolve) => { channel.port1.onmessage = (event) => resolve(event.data); });
  worker.postMessage({ type: "keep", addresses: [...new Set(files.map((one) => one.pathname + one.search))] }, [channel.port2]);
  return answer;
}

for (const box of items) {
  for (const radio of box.querySelectorAll("input[type=radio]")) radio.addEventListener("change", () => answered(box));
  box.querySelector("textarea").addEventListener("change", () => answered(box));
}
part("present").addEventListener("click", present);
part("sign").addEventListener("submit", sign);
part("discard").addEventListener("click", leave);
window.addEventListener("offline", () => { line = "down"; paint(); });
setInterval(() => { if (!document.hidden) work(); }, LOOK_EVERY_MS);

for (const radio of root.querySelectorAll("[name=place]")) {
  radio.checked = (localStorage.getItem(consentKey(code)) ?? "no") === radio.value;
  radio.addEventListener("change", () => localStorage.setItem(consentKey(code), radio.value));
}
entries = await entriesOf(code, me);
for (const entry of entries) if (entry.state === "placing") await put(Object.assign(entry, { state: "waiting" })); // the page was closed meanwhile
paint();
for (const box of items) onFiles(box.querySelector("input[type=file]"), (files) => photographed(box, files));
await work();
const kept = await keepShell().catch((error) => String(error));
part("kept").hidden = kept !== "kept";
