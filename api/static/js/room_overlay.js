// Who looks, at what, when: over the picture, wandering slowly from corner to corner, so that a photo of the screen tells it too.
import { clockText, dateText } from "./formats.js";

const CORNER_MS = 20_000;

export function overlay(element, { viewer, case: matter }) {
  const say = () => {
    const now = new Date();
    element.textContent = `${viewer} · ${matter} · ${dateText(now)} ${clockText(now)}`;
    element.dataset.corner = String(Math.floor(now.getTime() / CORNER_MS) % 4);
  };
  say();
  setInterval(say, 1000);
}
