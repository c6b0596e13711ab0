// Sends what waits, one after the other and as often as it takes. An entry is the server's when it has answered for that very id.
import { LineDown, Problem, call } from "./api.js";

const CALL_MS = 20_000;
const PHOTO_MS = 180_000;
const LONGEST_PAUSE_MS = 30_000;
const DAMAGED_TRIES = 3;

async function sendPhoto(path, entry) {
  const form = new FormData();
  form.set("client_id", entry.id);
  form.set("item", entry.item);
  form.set("sha256", entry.sha256);
  form.set("taken_at", entry.at);
  const { state, ...figures } = entry.place;
  form.set("place", state);
  for (const [name, value] of Object.entries(figures)) form.set(name, value);
  form.set("photo", entry.blob, "photo");
  let response;
  try {
    response = await fetch(`${path}/photos`, {
      method: "POST", body: form, credentials: "same-origin", headers: { Accept: "application/json", "X-ClassProof": "1" }, signal: AbortSignal.timeout(PHOTO_MS),
    });
  } catch (error) {
    throw new LineDown(error.message);
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
}

function sendOne(path, entry) {
  const within = { signal: AbortSignal.timeout(CALL_MS) };
  if (entry.kind === "photo") return sendPhoto(path, entry);
  if (entry.kind === "presence") {
    return call("POST", `${path}/presence`, { body: { client_id: entry.id, said_at: entry.at, place: entry.place }, ...within });
  }
  const { item, answer, note } = entry;
  return call("POST", `${path}/answers`, { body: { client_id: entry.id, item, answer, note, answered_at: entry.at }, ...within });
}

/** `waiting()` answers the entries to be sent, `settled(entry)` keeps what became of one, `line(state)` is told "up", "down" or "signed-out". */
export class Sender {
  constructor({ path, waiting, settled, line }) {
    Object.assign(this, { path, waiting, settled, line });
    this.pauseMs = 1000;
    this.running = false;
    window.addEventListener("online", () => this.kick());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.kick(); });
  }

  /** Send now. Answers whether everything is with the server. */
  async kick() {
    clearTimeout(this.timer);
    if (this.running) { this.again = true; return false; }
    this.running = true;
    try {
      do {
        this.again = false;
        for (const entry of await this.waiting()) await this.one(entry);
      } while (this.again);
      this.pauseMs = 1000;
      return true;
    } catch (error) {
      if (!(error instanceof Problem || error instanceof LineDown)) throw error;
      this.line(error.status === 401 ? "signed-out" : "down");
      this.timer = setTimeout(() => this.kick(), this.pauseMs);
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
      return false;
    } finally {
      this.running = false;
    }
  }

  /** Throws what is worth waiting for: no line, a busy server, a session that ended. A refusal that trying cannot change stays with the entry. */
  async one(entry) {
    try {
      await sendOne(this.path, entry);
      await this.settled({ ...entry, state: "sent", why: "" });
      this.line("up");
    } catch (error) {
      if (!(error instanceof Problem) || error.status === 401 || error.passing || error.status >= 500) throw error;
      const tries = (entry.tries ?? 0) + 1;
      const damaged = error.code === "visit-photo-mismatch" && tries < DAMAGED_TRIES;
      await this.settled({ ...entry, tries, state: damaged ? "waiting" : "refused", why: error.detail || error.title });
      if (damaged) throw new LineDown(error.detail);
    }
  }
}
