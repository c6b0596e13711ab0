// What identifies a file cheaply, so that the same file chosen again continues where it stopped.
import { hex } from "./ids.js";

const EDGE_BYTES = 1 << 20;

/** SHA-256 of a Blob or buffer as hex. */
export const sha256 = async (data) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", data instanceof Blob ? await data.arrayBuffer() : data)));

/** SHA-256 of the first and the last MiB, then the size: two recordings of one recorder differ in both. */
export async function fingerprint(file) {
  const edges = new Blob([file.slice(0, EDGE_BYTES), file.slice(Math.max(0, file.size - EDGE_BYTES))]);
  return `${await sha256(edges)}:${file.size}`;
}

/** The idempotency key of a file: the same bytes under another lesson's name are another claim. The upload agent's rule too, so either goes on where the other stopped. */
export const claim = (mark, name) => sha256(new Blob([`${mark}\n${name}`]));
