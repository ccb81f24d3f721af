// What most tests need: a server, a site that uses it, and a visitor, made for one test and gone after it.
import { Server } from "./server.mjs";
import { shop, Site } from "./site.mjs";
import { Visitor } from "./visitor.mjs";

/**
 * Settings: those of `Server.start`; `host`: the site's name; `preferences`: the visitor's, as Chromium keeps them.
 * `scene.page` puts a page with the tracker on the site, which begins with the write key unless told otherwise.
 */
export async function scene(t, { host, preferences, ...settings } = {}) {
  const [server, site, visitor] = await Promise.all([Server.start(settings), Site.start(host), Visitor.arrive(preferences)]);
  t.after(async () => {
    try {
      await visitor.leave();
    } finally {
      await Promise.all([site.close(), server.close()]);
    }
  });
  const begin = (options) => `tracker.init(${JSON.stringify(server.writeKey ?? null)}, ${JSON.stringify(options)});`;
  return {
    server, site, visitor,
    /** The address of a page that begins with these options, and then runs a script. */
    page: (path, { options = {}, script = "", headers } = {}) =>
      site.put(path, shop(server, { script: `${begin(options)}\n${script}` }), headers),
  };
}

/** Makes a tab send what waits; true when the server has taken everything. */
export const flush = (page) => page.evaluate(() => tracker.flush());

/** What a line says, without what differs from run to run. */
export const bare = ({ timestamp, insert_id, ...line }) => line;

/** How many lines wait in the storage of a tab's origin. */
export const waiting = (page) => page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes(" line:")).length);
