/**
 * Images on their way to a listing, one after the other in the order in which they were chosen. Each keeps its key: trying
 * again, whatever became of the first try, adds it once.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Image } from '../../market/catalog/schemas.ts';
import { ApiError, call } from '../api.ts';
import { sentenceOf } from '../parts/trouble.tsx';
import { uuid } from '../uuid.ts';
import { listingWords } from '../words-listing.ts';
import { listingPath } from './listing-state.ts';

const text = listingWords.images;
const bytesMax = 10 * 1024 * 1024;
export const imageTypes = 'image/jpeg,image/png,image/webp,image/avif';

export interface Upload {
  readonly key: string;
  readonly file: File;
  /** Why it failed; null: it waits or is under way. */
  readonly problem: string | null;
}

export interface Uploads {
  /** The first one without a problem is under way. */
  readonly all: readonly Upload[];
  readonly add: (files: readonly File[]) => void;
  readonly again: (key: string) => void;
  readonly dismiss: (key: string) => void;
}

function problemOf(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.code === 'unsupported_image') return text.unsupported;
    if (error.code === 'payload_too_large') return text.tooLarge;
    if (error.code === 'too_many_images') return text.tooMany;
    if (error.code === 'image_rejected') return text.rejected(error.message.replace(/^.*?: /, ''));
  }
  return sentenceOf(error);
}

/** `onAdded` has read the listing again before the next one is sent. */
export function useUploads(
  productId: string,
  onAdded: (file: File, image: Image) => Promise<void>,
  onFailed: (file: File, problem: string) => void,
): Uploads {
  const [all, setAll] = useState<readonly Upload[]>([]);
  const heard = useRef({ onAdded, onFailed });
  heard.current = { onAdded, onFailed };
  const current = all.find(({ problem }) => problem === null) ?? null;
  const key = current?.key ?? null;
  // One at a time, for as long as the page stands.
  useEffect(() => {
    if (current === null) return;
    const abort = new AbortController();
    const send = async () => {
      const { file } = current;
      try {
        const headers = { 'Idempotency-Key': current.key };
        const path = `${listingPath(productId)}/images`;
        const { body } = await call<Image>('POST', path, { body: file, headers, signal: abort.signal });
        if (abort.signal.aborted) return;
        await heard.current.onAdded(file, body).catch(() => {});
        setAll((before) => before.filter((one) => one.key !== current.key));
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = problemOf(error);
        setAll((before) => before.map((one) => (one.key === current.key ? { ...one, problem } : one)));
        heard.current.onFailed(file, problem);
      }
    };
    void send();
    return () => abort.abort();
  }, [key]);
  return {
    all,
    add: (files) =>
      setAll((before) => [
        ...before,
        ...files.map((file) => {
          const isTaken = imageTypes.split(',').includes(file.type);
          const problem = !isTaken ? text.unsupported : file.size > bytesMax ? text.tooLarge : null;
          return { key: uuid(), file, problem };
        }),
      ]),
    again: (wanted) =>
      setAll((before) => before.map((one) => (one.key === wanted ? { ...one, problem: null } : one))),
    dismiss: (wanted) => setAll((before) => before.filter((one) => one.key !== wanted)),
  };
}
