// The review room: joins stage, lanes, marks and checklist, and gives every act a key.
import { announce } from "./app.js";
import { call } from "./api.js";
import { make } from "./elements.js";
import { clockText, durationText, positionText } from "./formats.js";
import { Checklist } from "./room_checklist.js";
import { Lanes } from "./room_lanes.js";
import { Marks } from "./room_marks.js";
import { Outbox, ROOM } from "./room_outbox.js";
import { overlay } from "./room_overlay.js";
import { RATES, Stage } from "./room_stage.js";
import { t } from "./words.js";
import { newId } from "./ids.js";

const BEAT_MS = 5000;
const WATCHED_EVERY = 2; // beats
const PREPARING_MS = 3000;

const data = JSON.parse(document.getElementById("room-data").textContent);
const root = document.querySelector("[data-room]");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
// Two windows of one inspector are two players.
const player = newId();

// A beat that fails is dropped: the server counts only what reached it, and the next one says the position again.
let beats = Promise.resolve();
const tellBeat = (media, rate) => {
  const body = { item_id: media.item, player, position_ms: Math.max(0, media.ms), rate_permille: Math.round(rate * 1000), visible: document.visibilityState === "visible" };
  // one after the other: the server reads their order from when they arrive
  beats = beats.then(() => call("POST", `${data.place}/beats`, { body })).catch((error) => { root.dataset.beatFailed = String(error.status ?? "line"); });
  return beats;
};
const openPiece = async (piece) => {
  const { url, offset_ms } = await call("POST", `${data.place}/items/${piece.item}/play`, { body: {} });
  return { url, zero_ms: piece.start_ms - offset_ms };
};

const stage = new Stage(part("stage"), data, { open: openPiece, beat: tellBeat });
const lanes = new Lanes(part("lanes"), data, stage);
const told = (name) => (name.startsWith("mark/") ? [marks, name.slice(5)] : [checklist]);
const outbox = new Outbox(`${ROOM}${data.place}/`, {
  settled: (name, answer) => { const [who, ...id] = told(name); who?.settled(...id, answer); },
  waiting: (name) => { const [who, ...id] = told(name); who?.waiting(...id); },
  refused: (name, problem) => { const [who, ...id] = told(name); who?.refused(...id, problem); },
});
const marks = new Marks(data, stage, outbox, lanes);
const checklist = new Checklist(document.querySelector('[data-part="checklist"]'), data, outbox);
overlay(part("overlay"), data);
outbox.flush();

// --- time, state
const seek = part("seek");
seek.min = String(stage.start);
seek.max = String(stage.end);
stage.addEventListener("time", () => {
  const wall = clockText(new Date(stage.now));
  part("wall").textContent = wall;
  part("position").textContent = positionText(Math.max(0, stage.now - stage.start));
  seek.value = String(Math.round(stage.now));
  seek.setAttribute("aria-valuetext", wall);
});
const showState = () => {
  root.querySelector('[data-act="toggle"]').textContent = stage.playing ? t("Pause") : t("Play");
  part("rate").value = String(stage.rate);
  part("mark-word").textContent = marks.running ? t("End the mark") : t("Start a mark");
  for (const button of root.querySelectorAll("[data-lead]")) button.setAttribute("aria-pressed", String(stage.cameras.indexOf(stage.leader) === Number(button.dataset.lead)));
  const original = part("release").querySelector("a");
  if (original && stage.media) original.href = original.href.replace(/item=\d+/, `item=${stage.media.piece.position}`);
  const found = marks.findings.length > 0 || part("verdict")?.dataset.found === "true";
  for (const button of root.querySelectorAll('[data-part="verdict"] button')) button.hidden = (button.value === "finding") !== found;
};
stage.addEventListener("state", showState);
stage.addEventListener("broken", () => { part("problem").hidden = false; });
marks.dispatch = showState;
showState();

// --- what was watched, as the server counts it
let sinceAsked = 0;
async function showWatched() {
  const said = await call("GET", `${data.place}/watched`).catch(() => null);
  if (!said) return;
  part("watched").textContent = `${durationText(said.watched_s)} / ${durationText(said.required_watch_s)}`;
  part("watched").closest(".watched-bar").querySelector("progress").value = Math.min(said.watched_s, said.required_watch_s);
  lanes.draw("watched", said.spans.map(([start, end]) => ({ start, end, look: "watched", title: `${clockText(new Date(start))}–${clockText(new Date(end))}` })));
}
setInterval(() => {
  if (!stage.playing) return;
  stage.beat();
  sinceAsked += 1;
  if (sinceAsked >= WATCHED_EVERY) { sinceAsked = 0; beats.then(showWatched); }
}, BEAT_MS);
stage.addEventListener("state", () => { if (!stage.playing) beats.then(showWatched); });
document.addEventListener("visibilitychange", () => stage.beat());

// --- copies that are still being prepared
const preparing = () => stage.cameras.flatMap((camera) => camera.pieces).filter((piece) => ["queued", "none"].includes(piece.state));
if (preparing().length) {
  const timer = setInterval(async () => {
    const said = await call("GET", data.place).catch(() => null);
    for (const piece of preparing()) piece.state = said?.items.find((item) => item.id === piece.item)?.clip_state ?? piece.state;
    if (!preparing().length) clearInterval(timer);
  }, PREPARING_MS);
}

// --- acts and keys
const rate = (value) => { stage.setRate(value); announce(t("Speed {rate}", { rate: `${value}×` })); };
const faster = (by) => rate(RATES[Math.min(Math.max(0, RATES.indexOf(stage.rate) + by), RATES.length - 1)]);
const jump = (ms) => stage.seek(stage.now + ms);
const hop = (forward) => {
  const places = marks.places.filter((ms) => stage.start <= ms && ms <= stage.end);
  const target = forward ? places.find((ms) => ms > stage.now + 20) : places.findLast((ms) => ms < stage.now - 20);
  if (target === undefined) announce(t("There is none."));
  else stage.seek(target);
};
const askDrop = () => {
  if (marks.selected?.state !== "open") return;
  const dialog = document.getElementById("drop-mark");
  dialog.querySelector("form").reset();
  dialog.showModal();
};
const acts = {
  toggle: () => stage.toggle(), back: () => jump(-5000), forward: () => jump(5000), "frame-back": () => stage.step(-1), "frame-forward": () => stage.step(1),
  mark: () => marks.toggle(), record: () => marks.record(), still: () => marks.still(), drop: askDrop,
};
const keys = {
  " ": acts.toggle, k: acts.toggle, ",": acts["frame-back"], ".": acts["frame-forward"], "-": () => faster(-1), "−": () => faster(-1), "+": () => faster(1), "=": () => faster(1),
  Home: () => stage.seek(stage.start), End: () => stage.seek(stage.end), n: () => hop(true), p: () => hop(false),
  m: acts.mark, i: () => marks.setStart(), o: () => marks.setEnd(), s: acts.still, e: () => marks.focusForm(), r: acts.record, c: () => checklist.next(), z: () => lanes.zoom(),
  "[": () => marks.nudge(-1, "end"), "]": () => marks.nudge(1, "end"), "{": () => marks.nudge(-1, "start"), "}": () => marks.nudge(1, "start"),
  "?": () => document.getElementById("room-keys").showModal(),
};

root.addEventListener("click", (event) => {
  const lead = event.target.closest("[data-lead]") ?? event.target.closest("[data-camera]:not(.large)")?.querySelector("[data-lead]");
  if (lead) return stage.lead(Number(lead.dataset.lead));
  const button = event.target.closest("[data-act]");
  if (button && button.type !== "submit") acts[button.dataset.act]?.();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Escape" && target.closest(".room-side")) { root.querySelector('[data-act="toggle"]').focus(); return; }
  if (target.closest("input:not([type=range], [type=radio]), textarea, select, [contenteditable]")) return;
  if (target.matches("input[type=radio]") && (event.key.startsWith("Arrow") || event.key === " ")) return;
  if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary")) return; // it presses what has the focus
  const big = event.shiftKey ? 30_000 : 5000;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const camera = /^[1-9]$/.test(key) ? () => stage.lead(Number(key) - 1) : null;
  const act = { j: () => jump(-big), ArrowLeft: () => jump(-big), l: () => jump(big), ArrowRight: () => jump(big), ...keys }[key] ?? camera;
  if (!act) return;
  event.preventDefault();
  act();
});
part("rate").addEventListener("change", (event) => rate(Number(event.target.value)));
seek.addEventListener("input", () => stage.seek(Number(seek.value)));

document.querySelector('[data-part="drop-form"]').addEventListener("submit", (event) => {
  const reason = event.target.elements.reason.value.trim();
  if (marks.selected?.state === "open") marks.drop(marks.selected, reason);
});

// --- the signature asks what becomes of every mark
const verdict = part("verdict");
const openDialog = document.getElementById("open-marks");
const openList = openDialog.querySelector('[data-part="open-list"]');
let pressed = null;

function ask() {
  openDialog.querySelector('[data-part="open-problem"]').textContent = "";
  openList.replaceChildren(...marks.open.map((mark) => {
    const choice = (value, words, disabled = false) => {
      const radio = make("input", { type: "radio", name: `becomes-${mark.id}`, value, required: true, disabled });
      return [radio, make("label", {}, radio, ` ${words}`)];
    };
    const [, recordLabel] = choice("record", t("Record as finding"), mark.end_ms === null);
    const [drop, dropLabel] = choice("drop", t("Drop"));
    const word = make("input", { type: "text", class: "word", minlength: 2, maxlength: 1000, hidden: true, "aria-label": t("Reason"), placeholder: t("Reason") });
    const title = `${clockText(new Date(marks.wall(mark, mark.start_ms)))} ${marks.defects.get(mark.defect)?.words ?? ""} ${mark.note}`;
    const row = make("fieldset", { class: "question", "data-mark": mark.id }, make("legend", {}, title), make("div", { class: "kinds" }, recordLabel, dropLabel), word);
    row.addEventListener("change", () => { word.hidden = !drop.checked; word.required = drop.checked; });
    return row;
  }));
  openDialog.showModal();
}

verdict?.addEventListener("submit", async (event) => {
  if (event.submitter) pressed = event.submitter;
  if (verdict.dataset.ready === "true") { verdict.dataset.ready = ""; return; }
  event.preventDefault();
  stage.pause();
  await Promise.all([outbox.flush(), beats]);
  if (marks.open.length) ask();
  else sign();
});

function sign() {
  showState();
  const button = [...verdict.querySelectorAll("button")].find((one) => !one.hidden) ?? pressed;
  verdict.dataset.ready = "true";
  verdict.requestSubmit(button);
}

openDialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  for (const row of [...openList.children]) {
    const mark = marks.marks.find((one) => one.id === row.dataset.mark);
    if (mark.state !== "open") continue;
    const how = row.querySelector("input[type=radio]:checked").value;
    const done = how === "record" ? await marks.record(mark) : await marks.drop(mark, row.querySelector(".word").value);
    if (!done) { openDialog.querySelector('[data-part="open-problem"]').textContent = mark.said; return; }
  }
  openDialog.close();
  sign();
});
