// JSON calls to the own API. A refusal is a Problem with the server's words; a broken line is a LineDown.

export class Problem extends Error {
  constructor(status, body, retryAfterS) {
    super(body.detail || body.title || String(status));
    this.status = status;
    this.title = body.title || String(status);
    this.detail = body.detail || "";
    this.advice = body.advice || "";
    this.code = (body.type || "").split("/").pop();
    this.retryAfterS = retryAfterS;
  }

  /** Worth trying again by itself: the server is busy or away. */
  get passing() { return [408, 425, 429, 502, 503, 504].includes(this.status); }
}

export class LineDown extends Error {}

/** One call; answers the JSON body, or null for 204. `X-ClassProof` shows the server that no foreign page sent it. */
export async function call(method, path, { body, headers = {}, signal, keepalive = false } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method, signal, keepalive, credentials: "same-origin", cache: "no-store",
      headers: { Accept: "application/json", "X-ClassProof": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LineDown(error.message);
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch((error) => {
    if (signal?.aborted && signal.reason.name === "AbortError") throw signal.reason; // stopped while the answer was being read; a time-out is a broken line
    if (response.ok) throw new LineDown(error.message); // the line broke in the middle of the answer
    return {};
  });
  if (!response.ok) throw new Problem(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
  return answer;
}
