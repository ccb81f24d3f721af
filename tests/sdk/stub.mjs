// A stand-in for the server: takes batches as the contract says, recognises repeats, and fails on demand.
import { createServer } from "node:http";

export class StubServer {
  /** Every line that was stored, in order of arrival; repeated insert ids are stored once. */
  stored = [];
  /** Every request: { url, type, lines }. */
  requests = [];
  /** Answers for the next requests, first one first: { status, headers, body, lost }, or a function of the lines. */
  planned = [];
  /** Milliseconds that the server's clock is ahead. */
  ahead = 0;
  duplicates = 0;

  constructor(now = Date.now) {
    this.now = now;
  }

  /** Takes one request; `lost` answers are stored, but the client hears nothing. */
  handle({ url, type, body }) {
    const lines = body.split("\n").map((line) => JSON.parse(line));
    this.requests.push({ url, type, lines });
    const plan = this.planned.shift();
    const answer = typeof plan === "function" ? plan(lines) : plan;
    if (answer && !answer.lost) return this.#dated(answer);
    let duplicate = 0;
    for (const line of lines) {
      const repeated = this.stored.some((other) => line.insert_id && other.insert_id === line.insert_id);
      if (repeated) duplicate += 1;
      else this.stored.push(line);
    }
    this.duplicates += duplicate;
    if (answer) return null;
    return this.#dated({ status: 200, body: { accepted: lines.length - duplicate, duplicate, refused: [] } });
  }

  #dated({ status, headers = {}, body = {} }) {
    const date = new Date(this.now() + this.ahead).toUTCString();
    return { status, headers: { date, ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) };
  }

  /** What is stored of one type, or the names of the events in it. */
  of(type) {
    return this.stored.filter((line) => line.type === type);
  }

  get events() {
    return this.of("track").map((line) => line.event);
  }

  /** A fetch that ends here, without a network. */
  fetch = async (url, { body, headers, signal }) => {
    const answer = this.handle({ url, type: headers["Content-Type"], body });
    if (!answer) throw new TypeError("network lost");
    if (answer.status === "hang") return new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  };

  /** Serves over HTTP on a free port until `close`. */
  async listen() {
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      const answer = this.handle({ url: request.url, type: request.headers["content-type"], body });
      if (!answer) return request.socket.destroy();
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    return {
      host: `http://127.0.0.1:${server.address().port}`,
      close: () => new Promise((closed) => { server.close(closed); server.closeAllConnections(); }),
    };
  }
}
