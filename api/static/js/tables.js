// On a phone a table that would run out of the picture becomes a list: a block for each row, the head of its column over each value.
// A table that fits stays a table; without this script wide ones scroll sideways. What is measured is the table as it would stand.

const NARROW = window.matchMedia("(max-width: 40rem)");
const LONG = 20; // a value of more gets the whole width instead of half; a Chinese character counts twice
const width = (text) => [...text].reduce((sum, one) => sum + (one > "\u2e7f" ? 2 : 1), 0);

/** What stands over a value: the words of its column without the sign of its order. */
function heads(table) {
  const rows = table.tHead?.rows ?? [];
  if (rows.length !== 1) return null;
  const found = [];
  for (const cell of rows[0].cells) {
    const words = cell.cloneNode(true);
    for (const mark of words.querySelectorAll(".sort-mark, .visually-hidden")) mark.remove();
    for (let n = 0; n < cell.colSpan; n += 1) found.push(words.textContent.trim());
  }
  return found;
}

function label(table, words) {
  for (const row of [...table.tBodies, ...(table.tFoot ? [table.tFoot] : [])].flatMap((part) => [...part.rows])) {
    let column = 0;
    for (const cell of row.cells) {
      if (cell.colSpan === 1 && words[column]) cell.dataset.label = words[column];
      const holds = cell.querySelector("form, input, svg:not(.shape), details, ul, p, img, code");
      cell.classList.toggle("long", Boolean(holds) || cell.colSpan > 1 || width(cell.textContent.trim()) > LONG);
      column += cell.colSpan;
    }
  }
}

/** Decide anew for every table under `root` that can be seen. */
export function fit(root = document) {
  for (const frame of root.querySelectorAll(".table-scroll")) {
    const table = frame.querySelector(":scope > table.data:not(.ledger)");
    const words = table && heads(table);
    if (!words || !frame.clientWidth) continue;
    table.classList.remove("stacked");
    if (!NARROW.matches || frame.scrollWidth <= frame.clientWidth + 1) continue;
    label(table, words);
    table.classList.add("stacked");
  }
}

fit();
NARROW.addEventListener("change", () => fit());
document.addEventListener("toggle", (event) => fit(event.target), true); // a table in a closed part has no width
document.addEventListener("htmx:afterSettle", () => fit());
