/**
 * What an image file holds besides an image. Each of the four formats says where it ends; what stands behind that end,
 * or in its metadata, may be another file: an archive, a document, a page with a script. Files of ours are made anew from
 * the pixels, so nothing of it is ever served; it is refused all the same, because nobody sells with it.
 *
 * It runs in the pool, before any pixel is decoded.
 */
import type { ImageFormat } from './formats.ts';

/** More than any encoder writes: each scan costs the decoder a walk over the whole image. */
const scansMax = 100;
/** Readers of PDF look for its beginning there. */
const pdfHeadBytes = 1_024;
/** Readers of archives look for their directory there: 22 bytes, and a comment of up to 64 KiB. */
const zipTailBytes = 22 + 65_535;

const markup = /<(?:script|\?php|svg[\s>]|html|!doctype|iframe)/i;

/** Why the file is refused, as words for its sender; null: it holds an image and nothing else. */
export function faultOf(bytes: Uint8Array, format: ImageFormat): string | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fault = structure[format](file);
  if (fault !== null) return fault;
  if (file.subarray(0, pdfHeadBytes).includes('%PDF-')) return 'there is a document in it';
  if (file.subarray(-zipTailBytes).includes('PK\x05\x06', 0, 'latin1')) return 'there is an archive in it';
  if (markup.test(file.toString('latin1'))) return 'there is markup or a script in it';
  return null;
}

const structure: Readonly<Record<ImageFormat, (file: Buffer) => string | null>> = {
  jpeg: faultOfJpeg,
  png: (file) => faultBehind(file, endOfPng(file)),
  webp: (file) => faultBehind(file, endOfWebp(file)),
  avif: (file) => faultBehind(file, endOfAvif(file)),
};

const cutOff = 'it is cut off or damaged';
const moreBehind = 'something else stands behind its end';

/** `end`: null when it is not there. Zeros fill up what some cameras write in blocks. */
function faultBehind(file: Buffer, end: number | null): string | null {
  if (end === null) return cutOff;
  return file.subarray(end).some((byte) => byte !== 0) ? moreBehind : null;
}

function endOfPng(file: Buffer): number | null {
  for (let at = 8; at + 12 <= file.length; ) {
    const next = at + 12 + file.readUInt32BE(at);
    if (next > file.length) return null;
    if (file.toString('latin1', at + 4, at + 8) === 'IEND') return next;
    at = next;
  }
  return null;
}

function endOfWebp(file: Buffer): number | null {
  if (file.length < 12) return null;
  const size = file.readUInt32LE(4);
  const end = 8 + size;
  if (end > file.length) return null;
  // Chunks have even lengths; some writers leave the last one's padding out of the size.
  return Math.min(file.length, end + (size % 2));
}

function endOfAvif(file: Buffer): number | null {
  for (let at = 0; ; ) {
    if (at === file.length) return at;
    if (at + 8 > file.length) return at;
    if (!/^[\w ]{4}$/.test(file.toString('latin1', at + 4, at + 8))) return at;
    const size = file.readUInt32BE(at);
    // 0: up to the end of the file; 1: the size stands behind, in 64 bits.
    if (size === 0) return file.length;
    const isLong = size === 1;
    if (isLong && at + 16 > file.length) return null;
    const length = isLong ? Number(file.readBigUInt64BE(at + 8)) : size;
    if (length < (isLong ? 16 : 8) || at + length > file.length) return null;
    at += length;
  }
}

const startOfImage = 0xd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;
const firstApplication = 0xe0;
/** `/` and `*`: a first segment of this length makes the file a script that begins with a comment. */
const commentLength = 0x2f2a;

/** Phones write further images behind the first one (previews, depth, brightness): those may follow. */
function faultOfJpeg(file: Buffer): string | null {
  if (file[3] === firstApplication && file.length > 6 && file.readUInt16BE(4) === commentLength)
    return 'there is markup or a script in it';
  let scans = 0;
  for (let at = 2; ; ) {
    const marker = markerAt(file, at);
    if (marker === null) return cutOff;
    const { code, behind } = marker;
    if (code === endOfImage) return faultBehindJpeg(file.subarray(behind));
    if (hasNoLength(code)) {
      at = behind;
      continue;
    }
    if (behind + 2 > file.length) return cutOff;
    at = behind + file.readUInt16BE(behind);
    if (code !== startOfScan) continue;
    if (++scans > scansMax) return `it has more than ${scansMax} scans`;
    const next = endOfScan(file, at);
    if (next === null) return cutOff;
    at = next;
  }
}

/** The marker at this place, in front of which there may be fill bytes. */
function markerAt(file: Buffer, from: number): { code: number; behind: number } | null {
  if (file[from] !== 0xff) return null;
  let at = from + 1;
  while (file[at] === 0xff) at++;
  const code = file[at];
  return code === undefined || code === 0 ? null : { code, behind: at + 1 };
}

const isRestart = (code: number) => code >= 0xd0 && code <= 0xd7;
const hasNoLength = (code: number) => isRestart(code) || code === 0x01 || code === startOfImage;

/** Where the marker behind a scan's data stands: in the data a 0xff is followed by 0 or by the number of a restart. */
function endOfScan(file: Buffer, from: number): number | null {
  for (let at = file.indexOf(0xff, from); at >= 0; at = file.indexOf(0xff, at + 1)) {
    const code = file[at + 1];
    if (code === undefined) return null;
    if (code !== 0 && code !== 0xff && !isRestart(code)) return at;
  }
  return null;
}

/** How archives, documents and programs begin. */
const foreign = ['PK\x03\x04', 'Rar!\x1a\x07', '%PDF-', '\x7fELF'];

function faultBehindJpeg(rest: Buffer): string | null {
  const from = rest.findIndex((byte) => byte !== 0);
  if (from < 0) return null;
  const isImage = rest.toString('latin1', from, from + 3) === '\xff\xd8\xff';
  const isOfCamera = rest.toString('latin1', rest.length - 4) === 'SEFT';
  if (!isImage && !isOfCamera) return moreBehind;
  const isForeign = foreign.some((start) => rest.includes(start, 0, 'latin1'));
  return isForeign ? moreBehind : null;
}
