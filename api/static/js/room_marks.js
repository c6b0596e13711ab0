// Marks: started and ended by a key, edited beside the player, saved as typed, turned into findings or dropped.
import { announce } from "./app.js";
import { call, Problem } from "./api.js";
import { make } from "./elements.js";
import { clockText } from "./formats.js";
import { newId } from "./ids.js";
import { t } from "./words.js";

const two = (number, digits = 2) => String(number).padStart(digits, "0");
const wallText = (ms) => `${clockText(new Date(ms))}.${two(Math.round(ms) % 1000, 3)}`;

export class Marks {
  constructor(data, stage, outbox, lanes) {
    Object.assign(this, { stage, outbox, lanes });
    this.place = data.place;
    this.defects = new Map(data.defects.map((defect) => [defect.code, defect]));
    this.pieces = new Map(stage.cameras.flatMap((camera) => camera.pieces.map((piece) => [piece.item, { piece, camera }])));
    this.list = document.querySelector('[data-part="marks"]');
    this.form = document.getElementById("mark-form");
    this.status = document.querySelector('[data-part="mark-status"]');
    this.marks = data.marks.map((mark) => ({ ...mark, said: "" }));
    this.selected = null;
    this.#takeBack();
    for (const mark of this.marks) this.#render(mark);
    this.form.addEventListener("input", () => this.#typed());
    this.form.addEventListener("change", (event) => { if (["start", "end"].includes(event.target.name)) this.#fill(); });
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !event.target.closest("button")) { event.preventDefault(); this.#enter(); }
    });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.record(); });
    this.list.addEventListener("click", (event) => {
      const card = event.target.closest("[data-mark]");
      if (card && event.target.closest("[data-select]")) this.#go(this.marks.find((mark) => mark.id === card.dataset.mark));
    });
    const open = this.marks.findLast((mark) => mark.state === "open");
    if (open) this.select(open);
    this.#draw();
  }

  get open() { return this.marks.filter((mark) => mark.state === "open"); }
  get findings() { return this.marks.filter((mark) => mark.state === "recorded"); }
  /** The mark that was started and has no end yet, on the camera that is large now. */
  get running() { return this.open.find((mark) => mark.end_ms === null) ?? null; }

  wall(mark, ms) { const { piece } = this.pieces.get(mark.item_id); return piece.start_ms + ms - piece.media_ms; }

  /** M: start a mark here; pressed again, end it here. */
  toggle() {
    const running = this.running;
    if (!running) return this.begin();
    this.select(running);
    return this.finish();
  }

  begin() {
    const media = this.#media();
    if (!media) return;
    const defect = this.defects.values().next().value;
    const mark = { id: newId(), item_id: media.item, start_ms: media.ms, end_ms: null, defect: defect.code, severity: defect.usual, note: "", state: "open", stills: [], finding: "", said: "" };
    this.marks.push(mark);
    this.#render(mark);
    this.select(mark);
    this.#changed(mark);
    announce(t("Start marked at {time}", { time: clockText(new Date(this.stage.now)) }));
  }

  finish() {
    const mark = this.selected;
    const media = this.#media();
    if (!mark || mark.state !== "open" || !media) return;
    if (media.item !== mark.item_id) { // one mark, one recording: it ends where the recording does
      const { piece } = this.pieces.get(mark.item_id);
      mark.end_ms = piece.media_ms + piece.end_ms - piece.start_ms;
    } else {
      const [first, last] = [mark.start_ms, media.ms].sort((a, b) => a - b);
      Object.assign(mark, { start_ms: first, end_ms: Math.max(last, first + Math.round(media.piece.frame_ms)) });
    }
    this.#fill();
    this.#changed(mark);
    announce(t("End marked at {time}", { time: clockText(new Date(this.wall(mark, mark.end_ms))) }));
  }

  /** I and O: set an end of the selected mark to here; I without one starts a mark. */
  setStart() {
    const mark = this.selected?.state === "open" && this.selected.item_id === this.stage.media?.item ? this.selected : null;
    if (!mark) return this.begin();
    const media = this.#media();
    if (!media || (mark.end_ms !== null && media.ms >= mark.end_ms)) return this.begin();
    mark.start_ms = media.ms;
    this.#fill();
    this.#changed(mark);
    announce(t("Start marked at {time}", { time: clockText(new Date(this.stage.now)) }));
  }

  setEnd() { if (this.selected?.state === "open") this.finish(); }

  /** [ and ]: by a frame; the picture follows, so that what is marked is seen. */
  nudge(frames, which) {
    const mark = this.selected;
    if (!mark || mark.state !== "open") return;
    const { piece } = this.pieces.get(mark.item_id);
    const step = frames * piece.frame_ms;
    const last = piece.media_ms + piece.end_ms - piece.start_ms;
    if (which === "start") mark.start_ms = Math.round(Math.max(piece.media_ms, Math.min(mark.start_ms + step, (mark.end_ms ?? last) - piece.frame_ms)));
    else if (mark.end_ms !== null) mark.end_ms = Math.round(Math.min(last, Math.max(mark.end_ms + step, mark.start_ms + piece.frame_ms)));
    this.#fill();
    this.#changed(mark);
    this.stage.pause();
    this.stage.seek(this.wall(mark, which === "start" ? mark.start_ms : mark.end_ms ?? mark.start_ms));
  }

  select(mark) {
    this.selected = mark;
    for (const card of this.list.children) card.classList.toggle("chosen", card.dataset.mark === mark?.id);
    this.form.hidden = mark?.state !== "open";
    this.#fill();
    this.#say();
    this.dispatch?.();
  }

  focusForm() {
    if (!this.selected || this.selected.state !== "open") return;
    this.form.elements.defect.focus();
  }

  async still() {
    const media = this.#media();
    if (!media) return;
    let mark = this.selected?.state === "open" ? this.selected : this.open.at(-1);
    if (!mark) { this.begin(); mark = this.selected; }
    const id = newId();
    this.#sayText(mark, t("Cutting the still out of the stored recording …"));
    await this.outbox.flush(); // the mark must be there before its picture
    try {
      const taken = await call("POST", `${this.place}/stills`, { body: { id, mark: mark.id, item_id: media.item, at_ms: media.ms } });
      mark.stills = [...mark.stills, taken];
      this.#render(mark);
      this.#sayText(mark, t("Still taken at {time}", { time: clockText(new Date(taken.wall_at)) }));
    } catch (error) { this.#refuse(mark, error); }
  }

  async record(mark = this.selected) {
    if (!mark || mark.state !== "open") return false;
    if (mark.end_ms === null) { this.#sayText(mark, t("Mark the end first: O where it ends."), true); return false; }
    this.#sayText(mark, t("The stored recording is being hashed …"));
    return this.#settle(mark, "record");
  }

  drop(mark, reason) { return this.#settle(mark, "drop", { reason }); }

  /** Places that N and P go to: both ends of every gap and the start of every mark, in order of time. */
  get places() {
    const gaps = this.stage.cameras.flatMap((camera) => camera.holes.flatMap((hole) => [hole.start_ms, hole.end_ms]));
    const marks = this.marks.filter((mark) => mark.state !== "dropped").map((mark) => this.wall(mark, mark.start_ms));
    return [...new Set([...gaps, ...marks])].sort((a, b) => a - b);
  }

  settled(id, answer) {
    const mark = this.marks.find((one) => one.id === id);
    if (!mark) return;
    mark.sequence = answer.sequence;
    this.#sayText(mark, t("saved {time}", { time: clockText(new Date(answer.saved_at)) }));
  }

  waiting(id) {
    const mark = this.marks.find((one) => one.id === id);
    if (mark) this.#sayText(mark, t("not sent yet"), false, "waiting");
  }

  refused(id, problem) {
    const mark = this.marks.find((one) => one.id === id);
    if (mark) this.#refuse(mark, problem);
  }

  async #settle(mark, act, body) {
    if (!(await this.outbox.flush())) { this.#sayText(mark, t("not sent yet"), false, "waiting"); return false; }
    try {
      Object.assign(mark, await call("POST", `${this.place}/marks/${mark.id}/${act}`, { body }));
    } catch (error) { this.#refuse(mark, error); return false; }
    mark.said = "";
    this.#render(mark);
    this.select(this.open.at(-1) ?? null);
    this.#draw();
    announce(mark.state === "recorded" ? t("Recorded as {code}", { code: mark.finding }) : t("Dropped"));
    return true;
  }

  #media() {
    const media = this.stage.media;
    if (!media) announce(t("This camera shows nothing here."));
    return media;
  }

  /** What the server has not heard of yet is newer than what it says. */
  #takeBack() {
    for (const [name, entry] of Object.entries(this.outbox.waiting)) {
      if (!name.startsWith("mark/")) continue;
      const id = name.slice(5);
      const { item_id, start_ms, end_ms, defect, severity, note } = entry.body;
      if (!this.pieces.has(item_id)) continue;
      const known = this.marks.find((mark) => mark.id === id);
      if (known) { if (known.state === "open") Object.assign(known, { item_id, start_ms, end_ms, defect, severity, note }); }
      else this.marks.push({ id, item_id, start_ms, end_ms, defect, severity, note, state: "open", stills: [], finding: "", said: "" });
    }
  }

  #changed(mark) {
    const { item_id, start_ms, end_ms, defect, severity, note } = mark;
    this.outbox.put(`mark/${mark.id}`, `${this.place}/marks/${mark.id}`, { item_id, start_ms, end_ms, defect, severity, note });
    this.#render(mark);
    this.#draw();
    this.dispatch?.();
  }

  #typed() {
    const mark = this.selected;
    if (!mark || mark.state !== "open") return;
    const fields = this.form.elements;
    if (fields.defect.value !== mark.defect) fields.severity.value = this.defects.get(fields.defect.value).usual;
    Object.assign(mark, { defect: fields.defect.value, severity: fields.severity.value, note: fields.note.value });
    const { piece } = this.pieces.get(mark.item_id);
    const start = this.#parsed(fields.start.value, piece), end = this.#parsed(fields.end.value, piece);
    if (start !== null && (mark.end_ms === null || start < mark.end_ms)) mark.start_ms = start;
    if (end !== null && end > mark.start_ms) mark.end_ms = end;
    this.#changed(mark);
  }

  /** hh:mm:ss[.mmm] of the bureau's clock as media time of the piece; null when it is none or not in it. */
  #parsed(text, piece) {
    const found = /^(\d{1,2}):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?$/.exec(text.trim());
    if (!found) return null;
    const DAY = 86_400_000, ZONE = 8 * 3_600_000;
    const ofDay = ((Number(found[1]) * 60 + Number(found[2])) * 60 + Number(found[3])) * 1000 + Number((found[4] ?? "0").padEnd(3, "0"));
    const wall = Math.floor((piece.start_ms + ZONE) / DAY) * DAY - ZONE + ofDay;
    return wall >= piece.start_ms && wall <= piece.end_ms ? Math.round(piece.media_ms + wall - piece.start_ms) : null;
  }

  async #enter() {
    const done = await this.outbox.flush();
    if (done) document.querySelector('[data-act="toggle"]').focus();
  }

  #go(mark) {
    if (!mark) return;
    this.select(mark);
    const at = this.pieces.get(mark.item_id);
    this.stage.lead(this.stage.cameras.indexOf(at.camera));
    this.stage.seek(this.wall(mark, mark.start_ms));
  }

  #fill() {
    const mark = this.selected;
    if (!mark) return;
    const fields = this.form.elements;
    const values = { start: wallText(this.wall(mark, mark.start_ms)), end: mark.end_ms === null ? "" : wallText(this.wall(mark, mark.end_ms)), defect: mark.defect, severity: mark.severity, note: mark.note };
    for (const [name, value] of Object.entries(values)) if (fields[name].value !== value) fields[name].value = value;
  }

  #render(mark) {
    let card = this.list.querySelector(`[data-mark="${mark.id}"]`);
    if (!card) {
      card = make("li", { class: "card mark", "data-mark": mark.id }, make("button", { type: "button", class: "quiet", "data-select": true }), make("span", { class: "mark-said" }), make("div", { class: "stills" }));
      this.list.append(card);
    }
    card.dataset.state = mark.state;
    const from = clockText(new Date(this.wall(mark, mark.start_ms)));
    const to = mark.end_ms === null ? "…" : clockText(new Date(this.wall(mark, mark.end_ms)));
    card.firstChild.textContent = `${from}–${to} ${this.defects.get(mark.defect)?.words ?? mark.defect} (${this.defects.get(mark.defect)?.clause ?? ""})`;
    const becameOf = mark.state === "recorded" ? t("Recorded as {code}", { code: mark.finding }) : mark.state === "dropped" ? t("Dropped: {reason}", { reason: mark.dropped_reason }) : mark.said;
    card.querySelector(".mark-said").textContent = becameOf;
    const stills = card.querySelector(".stills");
    if (stills.children.length !== mark.stills.length) {
      stills.replaceChildren(...mark.stills.map((still) => {
        const words = t("Still at {time}", { time: clockText(new Date(still.wall_at)) });
        const picture = make("img", { src: still.url, alt: words, loading: "lazy", width: 96, height: 54 });
        const link = make("a", { href: still.url, target: "_blank", title: `SHA-256 ${still.sha256}` }, picture, make("code", {}, `${still.sha256.slice(0, 8)}…`));
        return link;
      }));
    }
  }

  #say() { if (this.status) { this.status.textContent = this.selected?.said ?? ""; this.status.dataset.look = this.selected?.look ?? ""; } }

  #sayText(mark, text, bad = false, look = "") {
    mark.said = text;
    mark.look = bad ? "bad" : look;
    this.#render(mark);
    if (mark === this.selected) this.#say();
  }

  #refuse(mark, error) {
    const text = error instanceof Problem ? `${error.title}. ${error.detail}` : t("not sent yet");
    this.#sayText(mark, text, true);
  }

  #draw() {
    const looks = { open: "mark", recorded: "found" };
    this.lanes.draw("marks", this.marks.filter((mark) => mark.state in looks).map((mark) => ({
      start: this.wall(mark, mark.start_ms), end: this.wall(mark, mark.end_ms ?? mark.start_ms + 500), look: looks[mark.state], title: this.defects.get(mark.defect)?.words ?? "",
    })));
  }
}
