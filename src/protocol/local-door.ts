/**
 * Who may use a door that has no accounts and listens on loopback: programs of this machine and of named hosts, never a
 * page in somebody's browser. A browser reaches loopback, too: across sites, where it says so by `Origin` or
 * `Sec-Fetch-Site`, or under a name that was rebound to 127.0.0.1, where `Host` is that name.
 */

const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;
const port = /:\d{1,5}$/;
/** What a browser says when a person typed the address, or a page of this very door asks. */
const ownFetches = ['none', 'same-origin'];

/** Why the request is refused; null: it is not. `rawHeaders`: name, value, name, value, as they came. `hosts`: lower case. */
export function strangerAt(rawHeaders: readonly string[], hosts: readonly string[]): string | null {
  const valuesOf = (name: string) =>
    rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
  const named = valuesOf('host');
  if (named.length !== 1) return 'Exactly one Host header is required here';
  const host = named[0]!.trim().toLowerCase().replace(port, '');
  if (!loopback.test(host) && !hosts.includes(host)) return 'This host name is not known here: see OPS_HOSTS';
  if (valuesOf('origin').length > 0) return 'Pages of a browser may not ask here';
  if (valuesOf('sec-fetch-site').some((site) => !ownFetches.includes(site.trim().toLowerCase())))
    return 'Pages of another site may not ask here';
  return null;
}
