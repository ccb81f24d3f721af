// What of a page's view is in its address, beside the document: it is replaced, not pushed, as it asks nothing anew.

/** What the address says under a name, or null. */
export const kept = (name) => new URLSearchParams(location.search).get(name);

/** Puts a word under a name into the address; null takes it away. */
export function keep(name, value) {
  const address = new URL(location);
  if (value === null) address.searchParams.delete(name);
  else address.searchParams.set(name, value);
  history.replaceState(null, "", address);
}
