// Sends one file in parts straight to the object store. The server's `arrived` is the truth; this object only remembers what to do next.
import { LineDown, Problem, call } from "./api.js";
import { sha256 } from "./fingerprint.js";

const STALL_MS = 45_000;
const MAX_WAIT_MS = 30_000;
const WINDOW_MS = 10_000;
const LANES = 3;

/** Lanes shared by all files of the page. Fewer after a failure, more again after successes. */
class Lanes {
  constructor() { this.limit = LANES; this.busy = 0; this.good = 0; this.queue = []; }
  async take() {
    if (this.busy >= this.limit) await new Promise((go) => this.queue.push(go));
    this.busy += 1;
  }
  give(succeeded) {
    this.busy -= 1;
    this.good = succeeded ? this.good + 1 : 0;
    if (!succeeded) this.limit = Math.max(1, this.limit - 1);
    else if (this.good >= 4 && this.limit < LANES) { this.limit += 1; this.good = 0; }
    for (let free = this.limit - this.busy; free > 0 && this.queue.length; free -= 1) this.queue.shift()();
  }
}
const lanes = new Lanes();

/** Waits, but not longer than until the line is back or `signal` fires. */
function pause(ms, signal) {
  return new Promise((done, stop) => {
    const finish = () => { clearTimeout(timer); removeEventListener("online", finish); signal.removeEventListener("abort", leave); done(); };
    const leave = () => { clearTimeout(timer); removeEventListener("online", finish); stop(new DOMException("stopped", "AbortError")); };
    const timer = setTimeout(finish, ms);
    addEventListener("online", finish, { once: true });
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
  });
}

/** PUT with progress (fetch reports none). Rejects with LineDown on a broken or stalled line, Problem on a refusal of the store. */
function put({ url, headers }, blob, onProgress, signal) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    let watch;
    const alive = () => { clearTimeout(watch); watch = setTimeout(() => request.abort(), STALL_MS); };
    const stop = () => request.abort();
    const end = (settle, value) => { clearTimeout(watch); signal.removeEventListener("abort", stop); settle(value); };
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) if (name.toLowerCase() !== "host") request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => { alive(); onProgress(event.loaded); };
    request.onload = () => (request.status < 300 ? end(done) : end(fail, new Problem(request.status, { type: "store-refused" }, 0)));
    request.onerror = () => end(fail, new LineDown("store"));
    request.onabort = () => end(fail, signal.aborted ? new DOMException("stopped", "AbortError") : new LineDown("stalled"));
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) return end(fail, new DOMException("stopped", "AbortError"));
    alive();
    request.send(blob);
  });
}

export class Transfer {
  /** `upload` as the API answers it; `changed(transfer)` after every step. */
  constructor(file, upload, changed) {
    Object.assign(this, { file, upload, changed, state: "waiting", problem: null, retryAt: 0, inFlight: new Map(), samples: [], control: null });
    this.learn(upload);
  }

  expected(number) { return Math.min(this.upload.part_bytes, this.upload.size_bytes - (number - 1) * this.upload.part_bytes); }

  learn(upload) {
    this.upload = upload;
    this.arrived = new Set(upload.arrived.filter((part) => part.size_bytes === this.expected(part.number)).map((part) => part.number));
  }

  get sentBytes() {
    let sum = 0;
    for (const number of this.arrived) sum += this.expected(number);
    for (const loaded of this.inFlight.values()) sum += loaded;
    return Math.min(sum, this.upload.size_bytes);
  }

  /** Bytes per second over the last ten seconds; 0 when nothing moved. */
  get speed() {
    const now = performance.now();
    this.samples = this.samples.filter(([at]) => now - at < WINDOW_MS);
    if (this.samples.length < 2) return 0;
    const [firstAt, firstBytes] = this.samples[0];
    const [lastAt, lastBytes] = this.samples.at(-1);
    return lastAt > firstAt ? Math.max(0, ((lastBytes - firstBytes) * 1000) / (lastAt - firstAt)) : 0;
  }

  get secondsLeft() { return this.speed > 0 ? (this.upload.size_bytes - this.sentBytes) / this.speed : null; }

  to(state) { this.state = state; this.changed(this); }

  stop(state = "paused") { this.to(state); this.control?.abort(); }

  /** Send what is missing, then complete. Answers the completed upload, or null when it was stopped or failed (see `state`, `problem`). */
  async run() {
    this.control = new AbortController();
    const { signal } = this.control;
    Object.assign(this, { problem: null, samples: [] });
    this.to("sending");
    try {
      for (;;) {
        this.learn(await this.insist(() => call("GET", `/api/v1/uploads/${this.upload.id}`, { signal }), signal));
        if (this.upload.state === "received") return this.upload;
        const todo = [];
        for (let number = 1; number <= this.upload.part_count; number += 1) if (!this.arrived.has(number)) todo.push(number);
        const worker = async () => { for (let number; (number = todo.shift()) !== undefined;) await this.send(number, signal); };
        await Promise.all(Array.from({ length: Math.min(LANES, todo.length) }, worker));
        this.to("completing");
        try {
          await this.insist(() => call("POST", `/api/v1/uploads/${this.upload.id}/complete`, { signal }), signal);
          return this.upload;
        } catch (error) {
          if (!(error instanceof Problem) || error.code !== "upload-incomplete") throw error;
          this.to("sending"); // the store lost or never had a part: look again
        }
      }
    } catch (error) {
      this.control.abort();
      this.inFlight.clear();
      if (error.name === "AbortError") { if (this.state === "sending" || this.state === "completing") this.to("paused"); return null; }
      this.problem = error;
      this.to(error instanceof Problem && error.status === 401 ? "signed-out" : "failed");
      return null;
    }
  }

  async send(number, signal) {
    const start = (number - 1) * this.upload.part_bytes;
    const blob = this.file.slice(start, start + this.expected(number));
    const digest = await sha256(blob);
    await this.insist(async () => {
      await lanes.take();
      let succeeded = false;
      try {
        if (signal.aborted) throw new DOMException("stopped", "AbortError");
        const answer = await call("POST", `/api/v1/uploads/${this.upload.id}/parts`, { body: { parts: [{ number, sha256: digest }] }, signal });
        await put(answer.parts[0], blob, (loaded) => this.moved(number, loaded), signal);
        succeeded = true;
      } finally {
        this.inFlight.delete(number);
        lanes.give(succeeded || signal.aborted);
      }
    }, signal);
    this.arrived.add(number);
    this.moved(null, 0);
  }

  moved(number, loaded) {
    if (number !== null) this.inFlight.set(number, loaded);
    this.samples.push([performance.now(), this.sentBytes]);
    this.changed(this);
  }

  /** Try until it works, backing off; gives up only on a refusal that trying again cannot change. */
  async insist(act, signal) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const result = await act();
        if (this.retryAt) { this.retryAt = 0; this.changed(this); }
        return result;
      } catch (error) {
        const storeRefused = error instanceof Problem && error.code === "store-refused" && attempt < 6; // an expired address is asked for anew
        if (!(error instanceof LineDown || storeRefused || (error instanceof Problem && error.passing))) throw error;
        const wait = Math.max((error.retryAfterS || 0) * 1000, Math.min(MAX_WAIT_MS, 500 * 2 ** attempt) * (0.5 + Math.random() / 2));
        this.retryAt = Date.now() + wait;
        this.changed(this);
        await pause(wait, signal);
      }
    }
  }
}
