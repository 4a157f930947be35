/**
 * Frames of the live socket in both subprotocols: JSON text, and msgpack with plain maps. What comes in passes the
 * same checks as an HTTP body (bad text, card numbers), whatever it was packed in.
 */
import { Packr, Unpackr } from 'msgpackr';
import { DoorbusterError } from '../../protocol/errors.ts';
import { invalidRequest, parseJson } from '../check.ts';

export const msgpackProtocol = 'doorbuster.msgpack.v1';

export type Frame = Readonly<Record<string, unknown>>;
type Encoded = string | Uint8Array;

// Plain maps and nothing else: a client's library need not know our records or extension types.
const options = { useRecords: false, mapsAsObjects: true, moreTypes: false, int64AsType: 'number' } as const;
const packr = new Packr(options);
const unpackr = new Unpackr(options);

export function encode(frame: object, isBinary: boolean): Encoded {
  // A slice of msgpackr's own buffer: valid until the next call, and uWS copies it at once.
  return isBinary ? packr.pack(frame) : JSON.stringify(frame);
}

/** Refuses with `malformed_json` or `validation_failed`. `message` may be taken back by uWS after the call. */
export function decode(message: ArrayBuffer, isBinary: boolean): Frame {
  const value = parseJson(isBinary ? unpacked(message) : Buffer.from(message));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Frame;
  throw new DoorbusterError('malformed_json', 'A frame is one object');
}

/** As JSON text, which has no types that a schema has not heard of. */
function unpacked(message: ArrayBuffer): Buffer {
  try {
    return Buffer.from(JSON.stringify(unpackr.unpack(new Uint8Array(message))) ?? 'null');
  } catch {
    throw new DoorbusterError('malformed_json', 'The frame is not valid msgpack');
  }
}

/** A frame's field that must be text. */
export function textField(fields: Frame, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw invalidRequest([{ path: `/${name}`, message: 'must be text' }], 'The frame');
}
