/** A seller's catalogue from a file and into a file. Reading a file is the job's work (job.ts); here it is taken in. */
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { idParam } from '../../gateway/handling.ts';
import type { WebPage } from '../../gateway/pages.ts';
import { perGateway, type Route, reply, route, streamed } from '../../gateway/route.ts';
import { Page, PageQuery } from '../../gateway/schemas.ts';
import { DoorbusterError } from '../../protocol/errors.ts';
import { exportFile } from './exporting.ts';
import {
  ExportQuery,
  fileBytesMax,
  Import,
  ImportError,
  ImportStarted,
  ImportSummary,
  unpackedBytesMax,
} from './schemas.ts';
import { addImport, importsFolder, listImportErrors, listImports, readImport, stopImport } from './store.ts';

const tag = 'Imports';
const who = ['seller'] as const;
/** 256 MiB at 300 KiB/s. */
const uploadSecondsMax = 15 * 60;
const uploadsAtOnceMax = 8;

const create = route({
  method: 'POST',
  path: '/v1/imports',
  operationId: 'createImport',
  summary:
    'Put the products of a file into the catalogue: CSV, or JSON Lines with bodies of POST /v1/products',
  ...{ tag, who },
  upload: {
    types: ['text/csv', 'application/x-ndjson'],
    codings: ['gzip'],
    bytesMax: fileBytesMax,
    secondsMax: uploadSecondsMax,
    atOnceMax: uploadsAtOnceMax,
  },
  mints: 'import',
  replies: {
    202: {
      description: 'The file is here and is being read',
      schema: ImportStarted,
      headers: { Location: 'Where its progress is' },
    },
  },
  refusals: ['payload_too_large', 'unsupported_media_type', 'request_timeout', 'rate_limited', 'busy'],
  async handle({ services, identity, mintedId: importId, upload }) {
    const { path, bytes: fileBytes, contentType, contentEncoding } = upload;
    const isGzip = contentEncoding === 'gzip';
    if (isGzip && (await unpackedBytes(path, fileBytes)) > unpackedBytesMax)
      throw new DoorbusterError('payload_too_large', `An unpacked file may have ${unpackedBytesMax} bytes`);
    const folder = importsFolder(services.config.dataDir);
    const file = join(folder, importId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(path, file);
    const format = contentType === 'text/csv' ? 'csv' : 'ndjson';
    try {
      await addImport(services.database, {
        ...{ importId, sellerId: identity.accountId, format, isGzip, fileBytes },
      });
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return reply(202, { importId, status: 'running' as const }, { Location: `/v1/imports/${importId}` });
  },
});

/** As the end of a gzip file says of its last part, modulo 4 GiB. What it hides, the job finds. */
async function unpackedBytes(path: string, fileBytes: number): Promise<number> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, Math.max(0, fileBytes - 4));
    return bytesRead === 4 ? buffer.readUInt32LE() : 0;
  } finally {
    await file.close();
  }
}

const list = route({
  method: 'GET',
  path: '/v1/imports',
  operationId: 'listImports',
  summary: 'Imports of the caller, newest first',
  ...{ tag, who },
  query: PageQuery,
  replies: { 200: { description: 'A page of imports', schema: Page(ImportSummary) } },
  async handle({ services, identity, query }) {
    return reply(200, await listImports(services.database, identity.accountId, query));
  },
});

const read = route({
  method: 'GET',
  path: '/v1/imports/{importId}',
  operationId: 'getImport',
  summary: 'How far an import is, and its first errors',
  ...{ tag, who },
  replies: { 200: { description: 'The import', schema: Import } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const importId = idParam('import', params.importId);
    return reply(200, await readImport(services.database, identity.accountId, importId));
  },
});

const listErrors = route({
  method: 'GET',
  path: '/v1/imports/{importId}/errors',
  operationId: 'listImportErrors',
  summary: 'The lines that an import refused, by number',
  ...{ tag, who },
  query: PageQuery,
  replies: { 200: { description: 'A page of errors', schema: Page(ImportError) } },
  refusals: ['not_found'],
  async handle({ services, identity, params, query }) {
    const importId = idParam('import', params.importId);
    return reply(200, await listImportErrors(services.database, identity.accountId, importId, query));
  },
});

const stop = route({
  method: 'DELETE',
  path: '/v1/imports/{importId}',
  operationId: 'stopImport',
  summary: 'Stop an import: what it has read so far stays',
  ...{ tag, who },
  replies: { 204: { description: 'It reads no further' } },
  refusals: ['not_found'],
  async handle({ services, identity, params }) {
    const importId = idParam('import', params.importId);
    await stopImport(services.database, identity.accountId, importId);
    // Where the job is reading it, it reads on to the end of its batch.
    await rm(join(importsFolder(services.config.dataDir), importId), { force: true });
    return reply(204);
  },
});

/** Accounts that are being sent an export by this gateway: one at once each. */
const exportingOf = perGateway(() => new Set<string>());

const contentTypes = { csv: 'text/csv; charset=utf-8; header=present', ndjson: 'application/x-ndjson' };

const exportProducts = route({
  method: 'GET',
  path: '/v1/exports/products',
  operationId: 'exportProducts',
  summary: 'All products of the caller, whatever their status, as an import takes them',
  ...{ tag, who },
  query: ExportQuery,
  replies: {
    200: {
      description: 'The file',
      streams: ['text/csv', 'application/x-ndjson'],
      headers: { 'Content-Disposition': 'What the file may be called' },
    },
  },
  refusals: ['rate_limited', 'busy'],
  async handle({ services, identity: { accountId }, query }) {
    const { format = 'csv' } = query;
    const exporting = exportingOf(services);
    if (exporting.has(accountId))
      throw new DoorbusterError('rate_limited', 'An export of yours is under way', { retryAfterSeconds: 5 });
    async function* file() {
      exporting.add(accountId);
      try {
        yield* exportFile(services.database, accountId, query);
      } finally {
        exporting.delete(accountId);
      }
    }
    const disposition = `attachment; filename="products.${format}"`;
    return streamed(200, contentTypes[format], file(), { 'Content-Disposition': disposition });
  },
});

export const routes: readonly Route[] = [create, list, read, listErrors, stop, exportProducts];

export const pages: readonly WebPage[] = [{ path: '/sell/imports' }];
