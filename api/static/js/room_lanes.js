// The lanes: one axis for everything. A click seeks, the playhead moves with the video, hovering shows the time and a small picture.
import { call } from "./api.js";
import { clockText } from "./formats.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

export class Lanes {
  #sheets = new Map();

  constructor(root, data, stage) {
    this.stage = stage;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.svg = root.querySelector("svg");
    this.whole = data.axis;
    this.view = data.axis;
    this.height = Number(this.svg.getAttribute("viewBox").split(" ")[3]);
    const field = this.part("lane-field");
    field.addEventListener("click", (event) => stage.seek(this.#at(event)));
    field.addEventListener("pointermove", (event) => this.#hover(event));
    field.addEventListener("pointerleave", () => { this.part("hover").hidden = true; });
    stage.addEventListener("time", () => this.#move());
    this.part("playhead").hidden = false;
    this.#move();
  }

  /** Whole lesson, or the drawn stretch with a little around it. */
  zoom() {
    const [start, end] = [this.stage.start, this.stage.end];
    const around = Math.max(1000, (end - start) * 0.02);
    this.view = this.view === this.whole ? [Math.max(this.whole[0], start - around), Math.min(this.whole[1], end + around)] : this.whole;
    const x = this.#x(this.view[0]);
    this.svg.setAttribute("viewBox", `${x} 0 ${this.#x(this.view[1]) - x} ${this.height}`);
    this.part("axis-start").textContent = clockText(new Date(this.view[0]));
    this.part("axis-end").textContent = clockText(new Date(this.view[1]));
    this.#move();
  }

  /** Replace what lies in a lane: [{start, end, look, title}], wall-clock ms. */
  draw(kind, blocks) {
    const lane = this.svg.querySelector(`[data-lane="${kind}"]`);
    for (const old of lane.querySelectorAll("rect:not(.ground)")) old.remove();
    for (const block of blocks) {
      const rect = document.createElementNS(SVG, "rect");
      const x = this.#x(block.start);
      for (const [name, value] of Object.entries({ class: block.look, x, y: lane.dataset.y, width: Math.max(2, this.#x(block.end) - x), height: lane.dataset.height })) rect.setAttribute(name, value);
      const title = document.createElementNS(SVG, "title");
      title.textContent = block.title;
      rect.append(title);
      lane.append(rect);
    }
  }

  #x(ms) { return ((ms - this.whole[0]) / (this.whole[1] - this.whole[0])) * WIDTH; }
  #share(ms) { return (ms - this.view[0]) / (this.view[1] - this.view[0]); }

  #at(event) {
    const box = this.svg.getBoundingClientRect();
    return this.view[0] + ((event.clientX - box.left) / box.width) * (this.view[1] - this.view[0]);
  }

  #move() {
    const share = this.#share(this.stage.now);
    const head = this.part("playhead");
    head.hidden = share < 0 || share > 1;
    head.style.left = `${share * 100}%`;
  }

  async #hover(event) {
    const ms = this.#at(event);
    const hover = this.part("hover");
    hover.hidden = false;
    hover.style.left = `${Math.min(92, Math.max(8, this.#share(ms) * 100))}%`;
    this.part("hover-time").textContent = clockText(new Date(ms));
    const piece = this.stage.leader.pieceAt(ms);
    const sheet = piece?.sheet ? await this.#sheet(piece) : null;
    this.part("tile").hidden = !sheet?.sheets.length;
    if (sheet?.sheets.length) this.#tile(sheet, piece.media_ms + ms - piece.start_ms);
  }

  /** Asked for once; without it there is no picture and everything else works. */
  #sheet(piece) {
    if (!this.#sheets.has(piece.item)) this.#sheets.set(piece.item, call("GET", piece.sheet).catch(() => null));
    return this.#sheets.get(piece.item);
  }

  #tile(sheet, mediaMs) {
    const { times_ms: times, tile_width_px: width, tile_height_px: height, columns, rows, sheets } = sheet;
    let index = times.findLastIndex((time) => time <= mediaMs);
    if (index < 0) index = 0;
    const perSheet = columns * rows;
    const place = index % perSheet;
    const tile = this.part("tile");
    tile.style.width = `${width}px`;
    tile.style.height = `${height}px`;
    tile.style.backgroundImage = `url("${sheets[Math.min(Math.floor(index / perSheet), sheets.length - 1)]}")`;
    tile.style.backgroundPosition = `-${(place % columns) * width}px -${Math.floor(place / columns) * height}px`;
  }
}
