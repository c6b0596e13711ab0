// What was typed and has not reached the server yet. It lies in localStorage from the first letter on, so a dead browser or line loses nothing.
import { call, Problem } from "./api.js";

/** What its names begin with in localStorage. */
export const ROOM = "room/";
const TYPING_MS = 300;
const RETRIES_MS = [1000, 2000, 5000, 10_000, 30_000];

export class Outbox {
  #timers = new Map();
  #sending = new Map();
  #failures = 0;

  /** `key`: what its names begin with in localStorage; `settled(name, answer)`, `waiting(name)`, `refused(name, problem)` are told what happened. */
  constructor(key, { settled, waiting, refused }) {
    this.key = key;
    this.tell = { settled, waiting, refused };
    this.kept = Object.fromEntries(
      Object.keys(localStorage).filter((name) => name.startsWith(key)).map((name) => [name.slice(key.length), JSON.parse(localStorage.getItem(name))]),
    );
    addEventListener("online", () => this.flush());
    addEventListener("pagehide", () => this.flush({ keepalive: true }));
  }

  /** The number of a new version: grows over reloads and restarts as well. */
  nextSequence() {
    this.last = Math.max(Date.now(), (this.last ?? 0) + 1);
    return this.last;
  }

  /** Versions that wait, by name: they are newer than what the server said. */
  get waiting() { return this.kept; }

  put(name, path, body) {
    this.kept[name] = { path, body: { ...body, sequence: this.nextSequence() } };
    this.#store(name);
    clearTimeout(this.#timers.get(name));
    this.#timers.set(name, setTimeout(() => this.#send(name), TYPING_MS));
    this.tell.waiting(name);
  }

  /** Send what waits, now. True when everything was answered; false when the line is down. */
  async flush({ keepalive = false } = {}) {
    await Promise.all(Object.keys(this.kept).map((name) => this.#send(name, { keepalive })));
    return Object.keys(this.kept).length === 0;
  }

  async #send(name, { keepalive = false } = {}) {
    clearTimeout(this.#timers.get(name));
    if (this.#sending.has(name) && !keepalive) await this.#sending.get(name); // what is on its way first
    const entry = this.kept[name];
    if (!entry || (this.#sending.has(name) && !keepalive)) return this.#sending.get(name);
    const sent = this.#attempt(name, entry, keepalive);
    this.#sending.set(name, sent);
    const reached = await sent.finally(() => { if (this.#sending.get(name) === sent) this.#sending.delete(name); });
    if (reached && this.kept[name]) await this.#send(name); // typed on while it was on its way
    return reached;
  }

  /** One try; true when the server answered it. */
  async #attempt(name, entry, keepalive) {
    const unchanged = () => this.kept[name]?.body.sequence === entry.body.sequence;
    try {
      const answer = await call("PUT", entry.path, { body: entry.body, keepalive });
      this.#failures = 0;
      if (unchanged()) {
        delete this.kept[name];
        this.#store(name);
        this.tell.settled(name, answer);
      }
      return true;
    } catch (error) {
      if (error instanceof Problem && !error.passing && error.status !== 401) {
        if (unchanged()) { delete this.kept[name]; this.#store(name); }
        this.tell.refused(name, error);
        return true;
      }
      this.tell.waiting(name);
      const wait = RETRIES_MS[Math.min(this.#failures, RETRIES_MS.length - 1)];
      this.#failures += 1;
      this.#timers.set(name, setTimeout(() => this.#send(name), wait));
      return false;
    }
  }

  #store(name) {
    if (this.kept[name]) localStorage.setItem(this.key + name, JSON.stringify(this.kept[name]));
    else localStorage.removeItem(this.key + name);
  }
}
