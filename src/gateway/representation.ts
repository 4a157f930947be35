/**
 * What the answer to a read becomes for this client: nothing when it has that version already (304), compressed when
 * that was asked for and the read is public.
 */
import { type Coding, Compressor, codingFor } from './compression.ts';
import { encodedEtag, isKnown } from './etag.ts';
import type { RequestHead } from './head.ts';
import type { Reply, Route } from './route.ts';
import type { WebFile } from './web-files.ts';

const compressor = new Compressor();

/** `reply` is a good answer of this route, or a page. */
export function represent(reply: Reply, route: Route | null, head: RequestHead): Reply | Promise<Reply> {
  if (reply.file !== undefined) return fileReply(reply.status, reply.file, head);
  const etag = reply.headers?.ETag;
  if (etag !== undefined && head.ifNoneMatch !== '' && isKnown(head.ifNoneMatch, etag))
    return {
      status: 304,
      headers: { ETag: etag },
      ...(reply.cacheControl !== undefined && { cacheControl: reply.cacheControl }),
    };
  const isPublic = route?.cacheSeconds !== undefined && reply.cacheControl === undefined;
  if (!isPublic || reply.body === undefined) return reply;
  const coding = head.acceptEncoding === '' ? null : codingFor(head.acceptEncoding);
  const { body } = reply;
  const isConstant = body instanceof Uint8Array;
  const bytes = isConstant ? body : Buffer.from(JSON.stringify(body));
  const compressed = coding === null ? null : compressor.compress(bytes, coding, isConstant);
  if (coding === null || compressed === null) return { ...reply, body: bytes };
  return compressed.then(
    (encoded) => encodedReply(reply, encoded, coding),
    () => ({ ...reply, body: bytes }),
  );
}

function fileReply(status: number, file: WebFile, head: RequestHead): Reply {
  const { etag, cacheControl, contentType } = file;
  if (status === 200 && head.ifNoneMatch !== '' && isKnown(head.ifNoneMatch, etag))
    return { status: 304, headers: { ETag: etag }, cacheControl };
  const coding = head.acceptEncoding === '' ? null : codingFor(head.acceptEncoding);
  const encoded = coding === null ? null : file[coding];
  if (coding === null || encoded === null)
    return { status, body: file.bytes, headers: { ...file.headers, ETag: etag }, contentType, cacheControl };
  const headers = { ...file.headers, ETag: encodedEtag(etag, coding), 'Content-Encoding': coding };
  return { status, body: encoded, headers, contentType, cacheControl };
}

function encodedReply({ status, headers }: Reply, body: Uint8Array, coding: Coding): Reply {
  const etag = headers?.ETag;
  return {
    status,
    body,
    headers: {
      ...headers,
      'Content-Encoding': coding,
      ...(etag === undefined ? {} : { ETag: encodedEtag(etag, coding) }),
    },
  };
}
