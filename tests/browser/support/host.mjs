// One server without keys and one profile of a browser for a file of tests, closed after them.
import { after } from "node:test";
import { Server } from "./server.mjs";
import { Visitor } from "./visitor.mjs";

/** The server and the visitor. */
export async function host() {
  const [server, visitor] = await Promise.all([Server.start({ keys: false }), Visitor.arrive()]);
  after(async () => {
    try {
      await visitor.leave();
    } finally {
      await server.close();
    }
  });
  return [server, visitor];
}
