// A party's share of the seed: the value is made here and stays here; only SHA-256(party, 0, value) is sent.
import { call, Problem } from "./api.js";
import { t } from "./words.js";
import { hex } from "./ids.js";


for (const form of document.querySelectorAll("[data-share]")) {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const party = form.elements.namedItem("share-party");
  let value = null;
  part("make").addEventListener("click", () => {
    value = crypto.getRandomValues(new Uint8Array(32));
    part("value").textContent = hex(value);
    const file = part("file");
    if (file.href) URL.revokeObjectURL(file.href);
    file.href = URL.createObjectURL(new Blob([`${form.dataset.code}\n${party.value.trim()}\n${hex(value)}\n`], { type: "text/plain" }));
    file.download = `${form.dataset.code}-share.txt`;
    part("made").hidden = false;
    part("send").disabled = false;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = new TextEncoder().encode(party.value.trim().normalize("NFC"));
    const digest = await crypto.subtle.digest("SHA-256", new Uint8Array([...name, 0, ...value]));
    try {
      await call("POST", form.dataset.url, { body: { party: party.value.trim().normalize("NFC"), commitment: hex(new Uint8Array(digest)) } });
      location.reload();
    } catch (error) {
      part("refused").textContent = error instanceof Problem ? `${error.title} ${error.detail}` : t("The connection is lost. Try again.");
    }
  });
}
