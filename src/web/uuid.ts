/** A UUID of this browser's own, for what the API lets its clients name. `crypto.randomUUID` is missing without TLS. */
export function uuid(): string {
  return formatted(crypto.getRandomValues(new Uint8Array(16)), 4);
}

/**
 * The same id from the same words: another tab or device of the same person names the same thing by it. `base` is an id
 * that nobody else knows; only its last six bytes are mixed, so what was unlike stays unlike.
 */
export function derivedUuid(base: string, words: string): string {
  const hex = base.replaceAll('-', '').slice(-32);
  const bytes = Uint8Array.from({ length: 16 }, (_, at) =>
    Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16),
  );
  const mixed = [mix(words, 0x811c9dc5), mix(words, 0x9e3779b9)];
  for (let at = 0; at < 6; at++) bytes[10 + at]! ^= (mixed[at % 2]! >>> (8 * (at >> 1))) & 0xff;
  return formatted(bytes, 8);
}

/** FNV-1a with a last stir. */
function mix(text: string, seed: number): number {
  let hash = seed;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function formatted(bytes: Uint8Array, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
