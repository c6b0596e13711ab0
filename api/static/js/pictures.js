// Steps from picture to picture of a film, whatever its rate.
const NEARLY = 1e-6; // the least part of a picture that is a part and no rounding

/** Where `frames` pictures further one begins, in whole ms: rounded up, since a ms too early would show the one before. */
export const stepped = (ms, frames, frameMs) => Math.max(0, Math.ceil((Math.floor(ms / frameMs + NEARLY) + frames) * frameMs - NEARLY));
