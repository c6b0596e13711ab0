// The answer to a check of the own copy, computed from the file on this machine: SHA-256 of the nonce, then the stretch. Nothing of the file is sent.
import { onFiles } from "./files.js";
import { sha256Hex } from "./sha256.js";

function equip(form) {
  const answer = form.querySelector('[name="answer"]');
  onFiles(form.querySelector('[data-part="file"]'), async ([file]) => {
    const start = Number(form.dataset.offset);
    const nonce = Uint8Array.from(form.dataset.nonce.match(/../g), (pair) => Number.parseInt(pair, 16));
    const stretch = file.slice(start, start + Number(form.dataset.length));
    answer.value = sha256Hex(await new Blob([nonce, stretch]).arrayBuffer());
    answer.focus();
  }, { keep: true });
}

for (const form of document.querySelectorAll("[data-copy-check]")) equip(form);
