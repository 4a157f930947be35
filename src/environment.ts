/**
 * Imported first by every program: takes out of the environment what is meant for other programs, before a library reads
 * it. Only the settings in README.md decide how stores are reached.
 *
 * 1. Worker threads and child processes get what is left.
 * 2. `PG*` and `NODE_PG_*` belong to PostgreSQL's own tools and to other users of our driver.
 * 3. Certificates of stores and of the provider are always checked: NODE_TLS_REJECT_UNAUTHORIZED would turn that off.
 * 4. A proxy for outgoing calls (NODE_USE_ENV_PROXY, HTTPS_PROXY) is Node's own setting and stays, but never carries what
 *    is meant for this machine: the sandbox, and the server itself.
 */
const foreign = /^(?:PG|NODE_PG_)|^NODE_TLS_REJECT_UNAUTHORIZED$/;
const here = ['localhost', '127.0.0.1', '::1'];

for (const name of Object.keys(process.env)) if (foreign.test(name)) delete process.env[name];
for (const name of ['NO_PROXY', 'no_proxy'])
  process.env[name] = [...here, process.env[name]].filter(Boolean).join(',');

/** An npm script started this program: its parent is npm, or npm's shell. */
export const isUnderNpm = process.env.npm_lifecycle_event !== undefined;

/** A request's head. */
const headBytesMax = 16 * 1024;

/**
 * uWS reads how large a head may be from the process's environment, once, when the first gateway thread loads it: so this
 * comes before. A thread's own `process.env` is a copy that uWS does not see.
 */
export function allowLargeHeads(): void {
  process.env.UWS_HTTP_MAX_HEADERS_SIZE = String(headBytesMax);
}
