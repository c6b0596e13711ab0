// One file on the upload page: its markup comes from <template id="upload-row">, so its words come from the server.
import { bytesText, dateText, durationText, fromLocalValue, localValue } from "./formats.js";
import { t } from "./words.js";

const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

function chip(tone, words) {
  const box = document.createElement("span");
  box.className = `chip tone-${tone}`;
  const text = document.createElement("span");
  text.textContent = words;
  box.append(clone(`shape-${tone}`), text);
  return box;
}

const STATES = {
  reading: ["neutral", () => t("reading")],
  waiting: ["neutral", () => t("waiting")],
  sending: ["neutral", () => t("sending")],
  paused: ["attention", () => t("paused")],
  "signed-out": ["attention", () => t("signed out")],
  completing: ["neutral", () => t("sent, being put together")],
  pick: ["attention", () => t("choose the file again")],
  checking: ["neutral", () => t("sent, being checked")],
  locked: ["ok", () => t("locked")],
  refused: ["bad", () => t("refused")],
  failed: ["bad", () => t("failed")],
};

export class Row {
  /** `on`: {pause, resume, discard, choose({slot_id} | {recorded_start_at})} */
  constructor(name, sizeBytes, on) {
    this.node = clone("upload-row");
    this.part = (key) => this.node.querySelector(`[data-part="${key}"]`);
    this.button = (act) => this.node.querySelector(`[data-act="${act}"]`);
    this.part("name").textContent = name;
    this.part("size").textContent = bytesText(sizeBytes);
    this.part("bar").setAttribute("aria-label", t("Sent of {name}", { name }));
    for (const act of ["pause", "resume", "discard"]) {
      this.button(act).addEventListener("click", () => on[act]());
      this.button(act).setAttribute("aria-label", `${this.button(act).textContent}: ${name}`);
    }
    this.part("slot").addEventListener("change", (event) => event.target.value && on.choose({ slot_id: event.target.value }));
    this.part("start").addEventListener("change", (event) => event.target.value && on.choose({ recorded_start_at: fromLocalValue(event.target.value) }));
    this.state("reading");
  }

  state(key) {
    this.node.dataset.state = key;
    const [tone, words] = STATES[key];
    this.part("chip").replaceChildren(chip(tone, words()));
    this.button("pause").hidden = !["sending", "waiting"].includes(key);
    this.button("resume").hidden = !["paused", "failed", "signed-out"].includes(key);
    this.button("discard").hidden = ["reading", "completing", "checking", "locked"].includes(key);
    this.part("fields").hidden = ["reading", "locked", "refused"].includes(key);
    for (const key_ of ["slot", "start"]) this.part(key_).disabled = ["checking", "completing"].includes(key);
  }

  /** Slots to choose from, the chosen one first even when it is no longer open. */
  slots(items, chosen) {
    const all = chosen && !items.some((slot) => slot.id === chosen.id) ? [chosen, ...items] : items;
    const none = new Option(t("Not matched: choose the lesson"), "");
    this.part("slot").replaceChildren(none, ...all.map((slot) => new Option(slotText(slot), slot.id)));
    this.part("slot").value = chosen?.id ?? "";
  }

  facts(upload, slots) {
    this.slots(slots, upload.slot);
    if (upload.recorded_start_at) this.part("start").value = localValue(upload.recorded_start_at);
  }

  progress(transfer) {
    const total = transfer.upload.size_bytes;
    this.part("bar").value = total ? transfer.sentBytes / total : 0;
    this.part("line").textContent = transfer.retryAt > Date.now()
      ? t("Connection lost; trying again in {time}", { time: durationText((transfer.retryAt - Date.now()) / 1000) })
      : t("{sent} of {total}", { sent: bytesText(transfer.sentBytes), total: bytesText(total) });
    const left = transfer.secondsLeft;
    this.part("speed").textContent = transfer.state === "sending" && left !== null
      ? t("{speed}/s, {time} left", { speed: bytesText(transfer.speed), time: durationText(left) }) : "";
  }

  problem(tone, title, text = "") {
    const box = document.createElement("section");
    box.className = `notice tone-${tone}`;
    const words = document.createElement("div");
    for (const [content, cls] of [[title, "notice-title"], [text, ""]]) {
      if (!content) continue;
      const line = document.createElement("p");
      line.className = cls;
      line.textContent = content;
      words.append(line);
    }
    box.append(clone(`shape-${tone}`), words);
    this.part("problem").replaceChildren(box);
    this.part("problem").hidden = false;
  }

  calm() { this.part("problem").hidden = true; this.part("problem").replaceChildren(); }

  /** sent → verified → locked until …, as the recording's custody says. */
  steps(recording) {
    this.part("steps").hidden = false;
    const verified = ["verified", "catalogued", "retained", "due"].includes(recording.state);
    const locked = ["retained", "due"].includes(recording.state);
    const refused = recording.state === "rejected";
    const until = recording.retain_until ? t("locked until {date}", { date: dateText(new Date(recording.retain_until)) }) : t("locked");
    for (const [step, done, words] of [["sent", true, t("sent")], ["verified", verified, t("verified")], ["locked", locked, until]]) {
      const item = this.node.querySelector(`[data-step="${step}"]`);
      const failed = refused && step === "verified";
      item.replaceChildren(chip(failed ? "bad" : done ? "ok" : "neutral", failed ? t("refused") : words));
      item.classList.toggle("pending", !done && !failed);
    }
  }

  links(recording) {
    const set = (part, href) => { this.part(part).hidden = !href; if (href) this.part(part).href = href; };
    set("recording", `/recordings/${recording.id}`);
    set("receipt-pdf", recording.receipt?.pdf_url);
    set("receipt-json", recording.receipt?.json_url);
  }
}

function slotText(slot) {
  const start = localValue(slot.starts_at), end = localValue(slot.ends_at);
  return `${start.slice(0, 10)} ${start.slice(11, 16)}–${end.slice(11, 16)} · ${slot.lesson} · ${slot.camera}`;
}
