// The review player: frame steps, speeds, time of day, marks, and a beat that says what was really played.
import { announce } from "./app.js";
import { call } from "./api.js";
import { clockText, positionText } from "./formats.js";
import { stepped } from "./pictures.js";
import { t } from "./words.js";
import { newId } from "./ids.js";

const BEAT_MS = 5000;
const RATES = [0.5, 1, 1.5, 2, 4, 8];
// Two windows of one inspector are two players.
const player = newId();

function equip(root) {
  const video = root.querySelector("video");
  const part = (key) => root.querySelector(`[data-part="${key}"]`);
  const startAt = Date.parse(root.dataset.startAt);
  const frameMs = Number(root.dataset.frameMs);
  const form = root.dataset.markForm ? document.getElementById(root.dataset.markForm) : null;
  const nowMs = () => Math.round(video.currentTime * 1000);
  const wall = (ms) => clockText(new Date(startAt + ms));

  const show = () => {
    const ms = nowMs();
    part("wall").textContent = wall(ms);
    part("position").textContent = positionText(ms);
    part("seek").value = String(ms);
    part("seek").setAttribute("aria-valuetext", wall(ms));
  };
  const jump = (seconds) => { video.currentTime = Math.min(Math.max(0, video.currentTime + seconds), video.duration || 0); };
  const step = (frames) => { video.pause(); jump(stepped(video.currentTime * 1000, frames, frameMs) / 1000 - video.currentTime); };
  const rate = (value) => { video.playbackRate = value; part("rate").value = String(value); announce(t("Speed {rate}", { rate: `${value}×` })); };
  const faster = (by) => rate(RATES[Math.min(Math.max(0, RATES.indexOf(video.playbackRate) + by), RATES.length - 1)]);
  const mark = (field, words) => {
    const input = form?.elements.namedItem(field);
    if (!input) return;
    input.value = positionText(nowMs());
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    announce(words(wall(nowMs())));
  };

  const acts = {
    toggle: () => (video.paused ? video.play().catch(() => { part("problem").hidden = false; }) : video.pause()),
    back: () => jump(-5), forward: () => jump(5),
    "frame-back": () => step(-1), "frame-forward": () => step(1),
    "mark-in": () => mark("start", (time) => t("Start marked at {time}", { time })), "mark-out": () => mark("end", (time) => t("End marked at {time}", { time })),
  };
  const keys = {
    " ": acts.toggle, k: acts.toggle, ",": acts["frame-back"], ".": acts["frame-forward"], "-": () => faster(-1), "−": () => faster(-1), "+": () => faster(1), "=": () => faster(1),
    i: acts["mark-in"], o: acts["mark-out"], Home: () => jump(-Infinity), End: () => jump(Infinity),
    "?": () => document.getElementById("player-keys")?.showModal(),
  };

  root.addEventListener("click", (event) => { const button = event.target.closest("[data-act]"); if (button) acts[button.dataset.act]?.(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("input:not([type=range]), textarea, select, [contenteditable]")) return;
    if (event.key === " " && target.closest("button, a, summary")) return; // the space key presses what has the focus
    const big = event.shiftKey ? 30 : 5;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = { j: () => jump(-big), ArrowLeft: () => jump(-big), l: () => jump(big), ArrowRight: () => jump(big), ...keys }[key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  part("rate").addEventListener("change", (event) => rate(Number(event.target.value)));
  part("seek").addEventListener("input", (event) => { video.currentTime = Number(event.target.value) / 1000; });
  const measured = () => { part("seek").max = String(Math.round(video.duration * 1000)); show(); };
  video.addEventListener("loadedmetadata", measured);
  if (video.readyState >= HTMLMediaElement.HAVE_METADATA) measured();
  for (const kind of ["timeupdate", "seeked"]) video.addEventListener(kind, show);
  for (const kind of ["play", "pause", "ended"]) video.addEventListener(kind, () => { root.querySelector('[data-act="toggle"]').textContent = video.paused ? t("Play") : t("Pause"); });
  const broken = () => { part("problem").hidden = false; };
  video.addEventListener("error", broken);
  if (video.error) broken();

  if (!root.dataset.beatUrl) return;
  // A beat that fails is dropped: the server counts only what reached it, and the next one says the position again.
  const beat = () => call("POST", root.dataset.beatUrl, {
    body: { item_id: root.dataset.itemId, player, position_ms: (nowMs()) + Number(root.dataset.mediaBaseMs || 0), rate_permille: video.paused ? 0 : Math.round(video.playbackRate * 1000), visible: document.visibilityState === "visible" },
  }).catch((error) => { root.dataset.beatFailed = String(error.status ?? "line"); });
  setInterval(() => { if (!video.paused) beat(); }, BEAT_MS);
  for (const kind of ["play", "pause", "seeked", "ratechange", "ended"]) video.addEventListener(kind, beat);
  document.addEventListener("visibilitychange", beat);
}

for (const root of document.querySelectorAll("[data-player]")) equip(root);
