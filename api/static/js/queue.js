// From lead to lead by keyboard: N the next, P the one before. No key decides anything.
const ways = { n: "next", p: "prev" };

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
  const link = document.querySelector(`nav.queue a[rel="${ways[event.key.toLowerCase()]}"]`);
  if (link) { event.preventDefault(); link.click(); }
});
