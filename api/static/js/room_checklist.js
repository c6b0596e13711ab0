// The checklist: every tick and every word is saved at once. A word is asked for wherever the answer is not yes.
import { clockText } from "./formats.js";
import { t } from "./words.js";

export class Checklist {
  constructor(root, data, outbox) {
    this.root = root;
    this.place = data.place;
    this.outbox = outbox;
    this.questions = [...root.querySelectorAll("[data-item]")];
    this.status = root.querySelector('[data-part="answer-status"]');
    for (const [name, entry] of Object.entries(outbox.waiting)) if (name.startsWith("answer/")) this.#restore(name.slice(7), entry.body);
    root.addEventListener("input", (event) => this.#changed(event.target.closest("[data-item]")));
    root.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches(".word")) { event.preventDefault(); outbox.flush(); this.next(); } });
    this.#count();
  }

  /** To the first question that still lacks something; after the last, to the signature. */
  next() {
    const open = this.questions.find((question) => !this.#whole(question));
    const target = open ? open.querySelector(this.#answer(open) ? ".word" : "input[type=radio]") : document.querySelector('[data-part="verdict"] button:not([hidden])');
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }

  settled(answer) { this.#say(t("saved {time}", { time: clockText(new Date(answer.saved_at)) })); }
  waiting() { this.#say(t("not sent yet"), "waiting"); }
  refused(problem) { this.#say(`${problem.title}. ${problem.detail}`, "bad"); }

  #answer(question) { return question.querySelector("input[type=radio]:checked")?.value ?? ""; }

  #whole(question) {
    const answer = this.#answer(question);
    if (!answer) return !("required" in question.dataset);
    return answer === "yes" || question.querySelector(".word").value.trim() !== "";
  }

  #restore(item, { answer, note }) {
    const question = this.questions.find((one) => one.dataset.item === item);
    if (!question) return;
    const radio = question.querySelector(`input[value="${answer}"]`);
    if (radio) radio.checked = true;
    question.querySelector(".word").value = note;
    question.querySelector(".word").hidden = answer === "yes";
  }

  #changed(question) {
    if (!question) return;
    const answer = this.#answer(question);
    const word = question.querySelector(".word");
    word.hidden = answer === "yes" || !answer;
    if (answer) this.outbox.put(`answer/${question.dataset.item}`, `${this.place}/answers/${question.dataset.item}`, { answer, note: answer === "yes" ? "" : word.value });
    if (this.#whole(question)) question.classList.remove("has-error");
    this.#count();
  }

  #count() {
    const done = this.questions.filter((question) => this.#answer(question) && this.#whole(question)).length;
    this.root.querySelector('[data-part="answered"]').textContent = `${done} / ${this.questions.length}`;
  }

  #say(text, look = "") { this.status.textContent = text; this.status.dataset.look = look; }
}
