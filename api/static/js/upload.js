// The upload page: many files, each from "chosen" to "locked". Closing the page loses nothing: what arrived is asked of the server again.
import { announce } from "./app.js";
import { LineDown, Problem, call } from "./api.js";
import { onFiles } from "./files.js";
import { claim, fingerprint } from "./fingerprint.js";
import { Transfer } from "./transfer.js";
import { Row } from "./upload_row.js";
import { bytesText } from "./formats.js";
import { t, tn } from "./words.js";

const ACTIVE_FILES = 2;
const POLL_MS = [1000, 1000, 2000, 3000, 5000, 10_000];
const ENDED = new Set(["retained", "due", "destroyed", "rejected", "abandoned", "integrity-alarm"]);

const page = document.querySelector("[data-upload]");
const part = (key) => page.querySelector(`[data-part="${key}"]`);
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const jobs = new Map(); // upload id → Job
let slots = [];

class Job {
  constructor(name, sizeBytes) {
    this.name = name;
    this.transfer = null;
    this.upload = null;
    this.wanted = false;
    this.row = new Row(name, sizeBytes, {
      pause: () => { this.wanted = false; this.transfer?.stop(); this.show(); next(); },
      resume: () => { this.wanted = true; this.row.calm(); this.row.state("waiting"); next(); },
      discard: () => this.discard(),
      choose: (choice) => this.choose(choice),
    });
    part("rows").append(this.row.node);
    part("none").hidden = true;
  }

  get running() { return ["sending", "completing"].includes(this.transfer?.state); }
  get ready() { return this.wanted && this.transfer !== null && !this.running && this.transfer.state !== "done"; }

  knows(upload) {
    this.upload = upload;
    jobs.set(upload.id, this);
    this.row.facts(upload, slots);
  }

  attach(file, upload) {
    this.knows(upload);
    this.transfer = new Transfer(file, upload, () => this.show());
    this.wanted = true;
    this.row.calm();
    this.row.state("waiting");
    this.row.progress(this.transfer);
    next();
  }

  show() {
    const { transfer, row } = this;
    if (!transfer) return;
    if (transfer.state !== "waiting" && transfer.state !== row.node.dataset.state && transfer.state !== "done") row.state(transfer.state);
    row.progress(transfer);
  }

  async run() {
    const sent = await this.transfer.run();
    if (sent) {
      this.transfer.state = "done";
      this.row.part("speed").textContent = "";
      announce(t("{name} has been sent", { name: this.name }));
      next();
      await this.follow();
      return;
    }
    if (this.transfer.state === "paused" && this.wanted) this.row.state("waiting");
    if (this.transfer.state === "signed-out") { part("signed-out").hidden = false; this.wanted = false; }
    if (this.transfer.state === "failed") { this.wanted = false; this.failed(this.transfer.problem); }
    next();
  }

  failed(error) {
    this.row.state("failed");
    if (error instanceof Problem) this.row.problem("bad", error.detail || error.title, error.advice);
    else if (error.name === "NotReadableError" || error.name === "NotFoundError") this.row.problem("bad", t("The file can no longer be read."), t("It was moved or changed since you chose it. Choose it again; what has been sent stays."));
    else this.row.problem("bad", t("The connection to the server broke."), t("Press Continue when it is back; what has been sent stays."));
    announce(t("{name} failed", { name: this.name }));
  }

  /** Watch the recording until it is locked or refused. */
  async follow() {
    this.row.state("checking");
    let ended = false;
    for (let turn = 0; ; turn += 1) {
      try {
        const recording = await call("GET", `/api/v1/recordings/${this.upload.recording_id}`);
        this.row.steps(recording);
        this.row.links(recording);
        if (ENDED.has(recording.state) && !ended) this.ended(recording);
        ended = ENDED.has(recording.state);
        // The receipt is written by a job after the lock: "locked" is said at once, and the links follow.
        if (ended && (recording.receipt || recording.state !== "retained")) return;
      } catch (error) {
        if (error instanceof Problem && error.status === 401) part("signed-out").hidden = false;
        else if (!(error instanceof LineDown) && !(error instanceof Problem && error.passing)) return ended || this.failed(error);
      }
      await wait(POLL_MS[Math.min(turn, POLL_MS.length - 1)]);
    }
  }

  ended(recording) {
    const locked = ["retained", "due"].includes(recording.state);
    this.row.state(locked ? "locked" : "refused");
    if (locked) announce(t("{name} is locked", { name: this.name }));
    else {
      this.row.problem("bad", recording.reason_text || t("Refused: {reason}", { reason: recording.reason || recording.state }), t("Correct it at the recorder and send the file again; this one does not count."));
      announce(t("{name} was refused", { name: this.name }));
    }
  }

  async choose(choice) {
    try {
      this.knows(await call("PATCH", `/api/v1/uploads/${this.upload.id}`, { body: choice }));
      this.row.calm();
    } catch (error) {
      this.row.facts(this.upload, slots);
      this.row.problem("bad", error instanceof Problem ? error.detail || error.title : t("The connection to the server broke."), error.advice || t("Choose again."));
    }
  }

  async discard() {
    this.wanted = false;
    this.transfer?.stop();
    try {
      if (this.upload && this.upload.state === "open") await call("DELETE", `/api/v1/uploads/${this.upload.id}`);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) return this.failed(error);
    }
    if (this.upload) jobs.delete(this.upload.id);
    this.row.node.remove();
    part("none").hidden = part("rows").children.length > 0;
    part("files").focus();
    next();
  }
}

/** Start waiting files while fewer than two are being sent. */
function next() {
  const all = [...jobs.values()];
  let free = ACTIVE_FILES - all.filter((job) => job.running).length;
  for (const job of all) if (free > 0 && job.ready) { free -= 1; job.run(); }
}

/** The open upload of this file, or a new one. A file that was refused or given up before gets a fresh one. */
async function open(file, mark) {
  const key = await claim(mark, file.name);
  for (let again = 0; ; again += 1) {
    const upload = await call("POST", "/api/v1/uploads", {
      headers: { "Idempotency-Key": again ? `${key}:${again}` : key },
      body: { file_name: file.name, size_bytes: file.size, fingerprint: mark },
    });
    const over = ["aborted", "expired"].includes(upload.state) || ["rejected", "abandoned"].includes(upload.recording_state);
    if (!over || again >= 50) return upload;
  }
}

async function add(file) {
  const job = new Job(file.name, file.size);
  if (file.size > Number(page.dataset.maxBytes)) {
    job.failed(new Problem(413, { detail: t("The file is larger than {limit}.", { limit: bytesText(Number(page.dataset.maxBytes)) }), advice: t("Let the recorder split its export.") }, 0));
    job.row.button("resume").hidden = true;
    return;
  }
  try {
    const upload = await open(file, await fingerprint(file));
    const known = jobs.get(upload.id);
    if (known) job.row.node.remove();
    const owner = known ?? job;
    if (owner.running || owner.transfer?.state === "done") return;
    if (upload.state === "received") { owner.knows(upload); await owner.follow(); } else owner.attach(file, upload);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) part("signed-out").hidden = false;
    job.failed(error);
    job.row.button("resume").hidden = true;
  }
}

async function addAll(files) {
  announce(tn("{count} file chosen", "{count} files chosen", files.length));
  for (const file of files) await add(file);
}

async function start() {
  if (!crypto.subtle) {
    part("blocked").hidden = false;
    part("files").disabled = true;
    return;
  }
  const [found, pending] = await Promise.allSettled([call("GET", "/api/v1/slots/open"), call("GET", "/api/v1/uploads?state=open")]);
  if (found.status === "fulfilled") slots = found.value.items;
  for (const upload of pending.status === "fulfilled" ? pending.value.items : []) {
    if (jobs.has(upload.id)) continue;
    const job = new Job(upload.file_name, upload.size_bytes);
    job.knows(upload);
    job.row.progress(new Transfer(null, upload, () => {}));
    job.row.state("pick");
  }
}

const drop = part("drop");
for (const kind of ["dragover", "dragenter"]) drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => { event.preventDefault(); await ready; await addAll([...event.dataTransfer.files]); });
addEventListener("beforeunload", (event) => { if ([...jobs.values()].some((job) => job.running)) event.preventDefault(); });
part("rows").addEventListener("click", (event) => { if (event.target.closest('[data-act="resume"]')) part("signed-out").hidden = true; });
setInterval(() => { for (const job of jobs.values()) if (job.running) job.show(); }, 1000);
const ready = start();
onFiles(part("files"), async (files) => { await ready; await addAll(files); });
