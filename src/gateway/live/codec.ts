/**
 * Frames of the live socket in both subprotocols: JSON text, and msgpack with plain maps. What comes in passes the
 * same checks as an HTTP body (bad text, card numbers), whatever it was packed in.
 */
import { Packr } from 'msgpackr';
import { DoorbusterError } from '../../protocol/errors.ts';
import { refuseCardFields } from '../cards.ts';
import { invalidRequest } from '../invalid.ts';
import { parseJson } from '../json.ts';
import { readMsgpack } from './msgpack.ts';

export const msgpackProtocol = 'doorbuster.msgpack.v1';

export type Frame = Readonly<Record<string, unknown>>;
type Encoded = string | Uint8Array;

// Plain maps and nothing else: a client's library need not know our records or extension types.
const packr = new Packr({ useRecords: false, moreTypes: false });

export function encode(frame: object, isBinary: boolean): Encoded {
  // A slice of msgpackr's own buffer: valid until the next call, and uWS copies it at once.
  return isBinary ? packr.pack(frame) : JSON.stringify(frame);
}

/** Refuses with `malformed_json`, `validation_failed` or `card_data_refused`. `message` may be taken back by uWS after the call. */
export function decode(message: ArrayBuffer, isBinary: boolean): Frame {
  const value = isBinary ? readPacked(message) : parseJson(Buffer.from(message));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Frame;
  throw new DoorbusterError('malformed_json', 'A frame is one object');
}

function readPacked(message: ArrayBuffer): unknown {
  const value = readMsgpack(message);
  refuseCardFields(value);
  return value;
}

/** A frame's field that must be text. */
export function textField(fields: Frame, name: string): string {
  const value = fields[name];
  if (typeof value === 'string') return value;
  throw invalidRequest([{ path: `/${name}`, message: 'must be text' }], 'The frame');
}
