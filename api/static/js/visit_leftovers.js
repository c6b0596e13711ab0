// What a phone still holds of visits that are over, or no longer this person's: sent things go, unsent ones are shown first.
import { forget, leftBehind } from "./visit_store.js";
import { t, tn } from "./words.js";

const place = document.getElementById("leftovers");
const open = place.dataset.open.split(" ");

function show(visit, count) {
  const row = place.appendChild(document.createElement("section"));
  row.className = "notice tone-bad";
  const text = row.appendChild(document.createElement("div"));
  const title = text.appendChild(document.createElement("p"));
  title.className = "notice-title";
  title.textContent = tn("{count} entry of visit {visit} was never taken", "{count} entries of visit {visit} were never taken", count, { visit });
  text.appendChild(document.createElement("p")).textContent = t("The visit has ended, or is no longer yours. Tell the team's lead or the office what is missing, then delete it here.");
  const button = text.appendChild(document.createElement("button"));
  button.type = "button";
  button.className = "danger";
  button.textContent = t("Delete it from this phone");
  button.addEventListener("click", async () => { await forget(visit); row.remove(); });
}

for (const [visit, count] of await leftBehind()) {
  if (open.includes(visit)) continue;
  if (count) show(visit, count);
  else await forget(visit);
}
