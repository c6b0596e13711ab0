// Two recordings in step: the first leads, the second follows along the line of time.
import { positionText } from "./formats.js";
import { t } from "./words.js";

const NEAR_S = 0.02;
const FAR_S = 0.6;

function equip(root) {
  const part = (key) => root.querySelector(`[data-part="${key}"]`);
  const here = part("here");
  const there = part("there");
  const slope = Number(root.dataset.slope);
  const offsets = [Number(root.dataset.offsetHere) / 1000, Number(root.dataset.offsetThere) / 1000];
  const wanted = () => offsets[1] + (here.currentTime - offsets[0]) * slope;

  const follow = () => {
    const drift = there.currentTime - wanted();
    root.dataset.driftMs = String(Math.round(drift * 1000));
    if (here.paused || Math.abs(drift) > FAR_S) {
      if (Math.abs(drift) > NEAR_S) there.currentTime = Math.max(0, wanted());
      there.playbackRate = here.playbackRate * slope;
      return;
    }
    // a small drift is worked off by bending the speed, so that nothing jumps
    there.playbackRate = here.playbackRate * slope * (Math.abs(drift) > NEAR_S ? 1 - Math.max(-0.1, Math.min(0.1, drift)) : 1);
  };
  const show = () => {
    const ms = Math.max(0, Math.round((here.currentTime - offsets[0]) * 1000));
    part("seek").value = String(ms);
    part("position").textContent = positionText(ms);
    follow();
  };
  const broken = () => { part("problem").hidden = false; };
  const play = () => Promise.all([here.play(), there.play()]).catch(broken);
  const pause = () => { here.pause(); there.pause(); };
  const jump = (seconds) => { here.currentTime = Math.min(Math.max(offsets[0], here.currentTime + seconds), here.duration || 0); };
  const acts = { toggle: () => (here.paused ? play() : pause()), back: () => jump(-5), forward: () => jump(5) };

  const begin = () => { here.currentTime = offsets[0]; part("seek").max = String(Math.max(0, Math.round((here.duration - offsets[0]) * 1000))); show(); };
  here.addEventListener("loadedmetadata", begin);
  if (here.readyState >= HTMLMediaElement.HAVE_METADATA) begin();
  for (const kind of ["timeupdate", "seeked"]) here.addEventListener(kind, show);
  there.addEventListener("loadedmetadata", follow);
  there.addEventListener("seeked", follow);
  here.addEventListener("ended", pause);
  for (const kind of ["play", "pause"]) here.addEventListener(kind, () => { root.querySelector('[data-act="toggle"]').textContent = here.paused ? t("Play") : t("Pause"); });
  for (const video of [here, there]) { video.addEventListener("error", broken); if (video.error) broken(); }
  part("seek").addEventListener("input", (event) => { here.currentTime = offsets[0] + Number(event.target.value) / 1000; });
  root.addEventListener("click", (event) => { const button = event.target.closest("[data-act]"); if (button) acts[button.dataset.act]?.(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || (event.target instanceof Element && event.target.closest("input, textarea, select"))) return;
    const act = { k: acts.toggle, j: acts.back, l: acts.forward }[event.key];
    if (act) { event.preventDefault(); act(); }
  });
}

for (const root of document.querySelectorAll("[data-pair]")) equip(root);
