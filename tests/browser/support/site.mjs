// A web site of another origin than the server's, whose pages use the tracker.
import { createServer } from "node:http";
import { once } from "node:events";

export class Site {
  origin;
  #pages = new Map();
  #server;

  /** Serves on a free port under a name of this machine. */
  static async start(host = "127.0.0.1") {
    const site = new Site();
    site.#server = createServer((request, response) => {
      const page = site.#pages.get(request.url.split("?")[0]);
      if (page) response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...page.headers }).end(page.html);
      else response.writeHead(request.url === "/favicon.ico" ? 204 : 404).end();
    });
    site.#server.listen(0, "127.0.0.1");
    await once(site.#server, "listening");
    site.origin = `http://${host}:${site.#server.address().port}`;
    return site;
  }

  /** Puts a page at a path, in the place of the one before. Returns its address. */
  put(path, html, headers = {}) {
    this.#pages.set(path, { html, headers });
    return this.origin + path;
  }

  async close() {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}

/** A page with the tracker of a server in it: begun by the tag, where a key is given, or else by the script. */
export const shop = (server, { key, script = "" }) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Shop</title>
<script src="${server.origin}/tracker.js"${key === undefined ? "" : ` data-key="${key}"`}></script>
${script && `<script>\n${script}\n</script>`}
<h1>Shop</h1>
`;
