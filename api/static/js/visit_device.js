// What a phone says of itself: hashes, where it is. The place is asked for only after consent, and never waited for longer than some seconds.
import { hex } from "./ids.js";
import { sha256Hex } from "./sha256.js";

const FIX_MS = 8000;
const FRESH_MS = 120_000;

/** SHA-256 of an ArrayBuffer as hex. */
export async function hashOf(buffer) {
  return crypto.subtle ? hex(new Uint8Array(await crypto.subtle.digest("SHA-256", buffer))) : sha256Hex(buffer);
}

/** Where the phone is, as the server takes it. `consented` false: it is not asked. */
export function placeNow(consented) {
  if (!consented) return Promise.resolve({ state: "refused" });
  if (!navigator.geolocation) return Promise.resolve({ state: "unavailable" });
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({
        state: "given",
        latitude_udeg: Math.round(coords.latitude * 1e6),
        longitude_udeg: Math.round(coords.longitude * 1e6),
        accuracy_m: Math.ceil(coords.accuracy),
      }),
      (error) => resolve({ state: error.code === error.PERMISSION_DENIED ? "refused" : "unavailable" }),
      { enableHighAccuracy: true, timeout: FIX_MS, maximumAge: FRESH_MS },
    );
  });
}
