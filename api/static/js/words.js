// Words of the reader's language. Message ids are English; the page carries the other texts in a data block.
const block = document.getElementById("messages");
const words = block ? JSON.parse(block.textContent) : {};
export const language = document.documentElement.lang.startsWith("zh") ? "zh" : "en";

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

/** The message in the reader's language, with {name} filled from `values`. */
export const t = (message, values = {}) => fill(words[message] ?? message, values);

/** Singular or plural by `count`, which is also {count}. */
export const tn = (one, many, count, values = {}) => fill(words[one] ?? (count === 1 ? one : many), { count, ...values });
