// Waiting for what must become so.

/** Asks again and again until `good` takes the answer, which it returns; after so many milliseconds fails with the last. */
export async function until(what, ask, good = Boolean, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms; last was ${JSON.stringify(answer)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
