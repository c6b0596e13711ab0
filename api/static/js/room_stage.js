// All cameras of one lesson on one wall clock: one large and leading, the others small, silent and kept beside it.
import { Problem } from "./api.js";
import { stepped } from "./pictures.js";

const TICK_MS = 50;
const STILL_MS = 20;      // nearer than this nothing is corrected
const NUDGE_MS = 600;     // up to here the speed is bent, beyond it the picture jumps
const REACH_MS = 900;     // a drift is worked off within about this time
const NO_FRAME_MS = 40;   // a step where the large camera shows nothing
export const RATES = [0.5, 1, 1.5, 2, 4, 8];

class Camera {
  constructor(figure, data) {
    this.figure = figure;
    this.video = figure.querySelector("video");
    this.word = figure.querySelector('[data-part="no-footage"]');
    this.code = data.code;
    this.name = data.name || data.code;
    this.pieces = data.pieces;
    this.holes = data.holes;
    this.piece = null;
    this.ready = false;
  }

  pieceAt(ms) { return this.pieces.find((piece) => piece.start_ms <= ms && ms < piece.end_ms) ?? null; }
  holeAt(ms) { return this.holes.find((hole) => hole.start_ms <= ms && ms < hole.end_ms) ?? null; }
  /** Wall clock of the picture on the screen. */
  get wallMs() { return this.piece.zero_ms + this.video.currentTime * 1000; }
}

/** Events: "time" (every tick), "state" (playing, speed, leader), "broken". `beat(camera, ms, rate)` tells what the large picture plays. */
export class Stage extends EventTarget {
  constructor(root, data, { open, beat }) {
    super();
    this.cameras = [...root.querySelectorAll("[data-camera]")].map((figure, index) => new Camera(figure, data.cameras[index]));
    this.why = data.why;
    this.drawn = data.drawn;
    this.open = open;
    this.tellBeat = beat;
    this.start = this.drawn[0][0];
    this.end = this.drawn.at(-1)[1];
    this.now = this.start;
    this.rate = 1;
    this.playing = false;
    this.leader = this.cameras.find((camera) => camera.pieceAt(this.start)) ?? this.cameras[0];
    this.lastTick = performance.now();
    for (const camera of this.cameras) {
      camera.video.addEventListener("error", () => this.#renew(camera));
      camera.video.addEventListener("seeked", () => this.#tick());
    }
    this.#show();
    setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  /** Where the large picture stands in its recording, or null when it shows nothing. */
  get media() {
    const piece = this.leader.pieceAt(this.now) ?? this.leader.pieceAt(this.now - 1);
    return piece ? { item: piece.item, piece, ms: Math.round(piece.media_ms + this.now - piece.start_ms) } : null;
  }

  beat() {
    const media = this.media;
    if (media && media.piece === this.leader.piece && this.leader.ready) this.tellBeat(media, this.playing ? this.rate : 0);
  }

  toggle() { return this.playing ? this.pause() : this.play(); }

  play() {
    if (this.now >= this.end - STILL_MS) this.seek(this.start);
    this.playing = true;
    this.#tick();
    this.beat();
    this.#changed();
  }

  pause() {
    this.playing = false;
    for (const camera of this.cameras) camera.video.pause();
    if (this.#drives) this.now = this.leader.wallMs;
    this.beat();
    this.#changed();
  }

  /** To an instant of the wall clock; where no camera shows anything, to the next one where some does. */
  seek(ms) {
    this.beat(); // what was played up to here counts
    this.now = this.playable(ms);
    for (const camera of this.cameras) camera.told = null;
    for (const camera of this.cameras) this.#place(camera, true);
    this.beat();
    this.#time();
  }

  /** The nearest instant that some camera shows. */
  playable(ms) {
    const within = Math.min(Math.max(ms, this.start), this.end - 1);
    const inside = this.drawn.find(([start, end]) => start <= within && within < end);
    return inside ? within : this.drawn.find(([start]) => start > within)?.[0] ?? this.start;
  }

  /** To the beginning of another picture of the large camera: of its own file's rate, whatever the other cameras have. */
  step(frames) {
    this.pause();
    const piece = this.leader.pieceAt(this.now) ?? this.leader.pieceAt(this.now - 1);
    if (!piece || piece.zero_ms === null) return this.seek(this.now + frames * (piece?.frame_ms ?? NO_FRAME_MS));
    this.seek(piece.zero_ms + stepped(this.now - piece.zero_ms, frames, piece.frame_ms));
  }

  setRate(rate) {
    this.rate = rate;
    for (const camera of this.cameras) camera.video.playbackRate = rate;
    this.beat();
    this.#changed();
  }

  lead(index) {
    const next = this.cameras[index];
    if (!next || next === this.leader) return;
    if (this.#drives) this.tellBeat(this.media, 0); // the small picture counts no more
    this.leader = next;
    this.#show();
    this.#tick();
    this.beat();
    this.#changed();
  }

  get #drives() { return this.leader.piece !== null && this.leader.ready && this.leader.piece === this.leader.pieceAt(this.now); }

  #show() {
    for (const camera of this.cameras) {
      camera.figure.classList.toggle("large", camera === this.leader);
      camera.video.muted = camera !== this.leader;
    }
  }

  #tick() {
    const at = performance.now();
    const passed = at - this.lastTick;
    this.lastTick = at;
    const loading = this.leader.pieceAt(this.now) !== null && !this.#drives;
    if (this.#drives && !this.leader.video.seeking) this.now = Math.min(Math.max(this.leader.wallMs, this.leader.piece.start_ms), this.leader.piece.end_ms);
    else if (this.playing && !loading && !this.#drives) this.now += passed * this.rate; // the large camera has a hole: the clock goes on without it
    if (this.playing) this.#goOn();
    for (const camera of this.cameras) this.#place(camera, false);
    this.#time();
  }

  /** Over the end of a piece, over time that nobody filmed, to the end. */
  #goOn() {
    const lead = this.leader;
    const done = lead.piece && lead.ready && (lead.video.ended || this.now >= lead.piece.end_ms);
    if (done && lead.told !== lead.piece) {
      lead.told = lead.piece; // once: what was played up to the end counts
      this.tellBeat({ item: lead.piece.item, piece: lead.piece, ms: lead.piece.media_ms + lead.piece.end_ms - lead.piece.start_ms }, 0);
    }
    if (done) this.now = Math.max(this.now, lead.piece.end_ms);
    if (this.drawn.some(([start, end]) => start <= this.now && this.now < end)) return;
    const next = this.drawn.find(([start]) => start > this.now);
    if (next) this.seek(next[0]);
    else { this.now = this.end; this.pause(); this.now = this.end; }
  }

  #place(camera, hard) {
    const wanted = camera.pieceAt(this.now) ?? (this.now >= this.end ? camera.pieceAt(this.end - 1) : null);
    const hole = wanted ? null : camera.holeAt(Math.min(this.now, this.end - 1));
    camera.word.hidden = wanted !== null && wanted.state !== "failed" && wanted.state !== "queued" && wanted.state !== "none";
    if (!wanted) {
      camera.word.textContent = hole ? this.why[hole.why] : "";
      camera.word.dataset.why = hole?.why ?? "";
      if (!camera.video.paused) camera.video.pause();
      return;
    }
    if (wanted.state !== "ready") {
      camera.word.textContent = wanted.failure || this.why.preparing;
      camera.word.dataset.why = wanted.state;
      return;
    }
    if (camera.piece !== wanted) return this.#load(camera, wanted);
    if (camera.ready) this.#sync(camera, hard);
  }

  #sync(camera, hard) {
    const video = camera.video;
    const target = Math.max(0, (this.now - camera.piece.zero_ms) / 1000);
    const drift = camera.wallMs - this.now;
    if (hard) { video.currentTime = target; return; }
    if (video.seeking) return;
    if (camera === this.leader) {
      if (this.playing && video.paused && !video.ended) this.#start(camera);
      if (video.playbackRate !== this.rate) video.playbackRate = this.rate;
      return;
    }
    const stalled = this.#drives && (this.leader.video.seeking || this.leader.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA);
    if (!this.playing || stalled) {
      if (!video.paused) video.pause();
      if (Math.abs(drift) > STILL_MS && !stalled) video.currentTime = target;
      return;
    }
    if (video.paused && !video.ended) this.#start(camera);
    if (Math.abs(drift) > NUDGE_MS * Math.max(1, this.rate / 2)) { video.currentTime = target; return; }
    const bent = Math.abs(drift) > STILL_MS ? this.rate * (1 - Math.min(0.5, Math.max(-0.5, drift / (REACH_MS * Math.max(1, this.rate))))) : this.rate;
    if (Math.abs(video.playbackRate - bent) > 0.01) video.playbackRate = Math.min(16, bent);
  }

  #start(camera) {
    camera.video.play().catch((error) => { if (error.name === "NotAllowedError" || error.name === "NotSupportedError") this.#fail(camera); });
  }

  async #load(camera, piece) {
    camera.piece = piece;
    camera.ready = false;
    camera.video.pause();
    if (!piece.url) {
      try { Object.assign(piece, await this.open(piece)); }
      catch (error) {
        if (camera.piece === piece) camera.piece = null;
        if (error instanceof Problem) { piece.state = "failed"; piece.failure = error.title; }
        return;
      }
      if (camera.piece !== piece) return;
    }
    camera.video.dataset.zeroMs = String(piece.zero_ms);
    camera.video.dataset.item = piece.item;
    camera.video.src = piece.url;
    camera.video.addEventListener("loadedmetadata", () => {
      if (camera.piece !== piece) return;
      camera.video.currentTime = Math.max(0, (this.now - piece.zero_ms) / 1000);
      camera.video.playbackRate = this.rate;
      camera.ready = true;
      camera.renewed = false;
      if (this.playing) this.beat();
    }, { once: true });
  }

  /** An address lasts two hours: one new try before the page says that it is broken. */
  #renew(camera) {
    if (!camera.piece || camera.renewed) return this.#fail(camera);
    camera.renewed = true;
    camera.piece.url = "";
    camera.piece = null;
  }

  #fail(camera) { if (camera === this.leader) this.dispatchEvent(new Event("broken")); }
  #changed() { this.dispatchEvent(new Event("state")); }
  #time() { this.dispatchEvent(new Event("time")); }
}
