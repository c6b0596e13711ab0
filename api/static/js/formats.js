// Figures and times as the pages write them (api/pages/formats.py does the same on the server).
import { language } from "./words.js";

export function bytesText(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes, index = 0;
  while (value >= 999.5 && index < units.length - 1) { value /= 1000; index += 1; }
  if (index === 0) return `${bytes} B`;
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${units[index]}`;
}

const two = (number) => String(number).padStart(2, "0");

export function durationText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** Position in a file: hh:mm:ss.mmm */
export const positionText = (ms) => `${durationText(Math.floor(ms / 1000))}.${String(Math.floor(ms) % 1000).padStart(3, "0")}`;

const inBureau = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const partsOf = (instant) => Object.fromEntries(inBureau.formatToParts(instant).map(({ type, value }) => [type, value]));

export function dateText(instant) {
  const { year, month, day } = partsOf(instant);
  return language === "zh" ? `${year}年${Number(month)}月${Number(day)}日` : `${Number(day)} ${MONTHS[month - 1]} ${year}`;
}

export function clockText(instant) {
  const { hour, minute, second } = partsOf(instant);
  return `${hour}:${minute}:${second}`;
}

/** An instant as a datetime-local value of the bureau, and back. */
export function localValue(iso) {
  if (!iso) return "";
  const { year, month, day, hour, minute, second } = partsOf(new Date(iso));
  return `${year}-${two(month)}-${two(day)}T${hour}:${minute}:${second}`;
}
export const fromLocalValue = (value) => (value ? `${value.length === 16 ? `${value}:00` : value}+08:00` : null);
