/** One image of a listing: what it shows in words, its place, and the handle by which it is moved. */
import { useRef, useState } from 'preact/hooks';
import type { Image } from '../../market/catalog/schemas.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field } from '../parts/field.tsx';
import { Picture } from '../parts/picture.tsx';
import { sentenceOf } from '../parts/trouble.tsx';
import { listingWords } from '../words-listing.ts';

const text = listingWords.images;

interface CardProps {
  readonly image: Image;
  readonly at: number;
  readonly of: number;
  readonly title: string;
  readonly onMove: (to: number) => void;
  readonly onDescribe: (alt: string) => Promise<void>;
  readonly onRemove: () => Promise<void>;
}

export function ImageCard({ image, at, of, title, onMove, onDescribe, onRemove }: CardProps) {
  return (
    <li data-image={image.imageId} data-place={at}>
      <Handle {...{ image, at, onMove }} />
      <Picture url={image.thumbnailUrl} title={title} />
      <p>
        <strong>{text.place(at + 1, of)}</strong>
        {at === 0 && <span class="quiet"> {text.first}</span>}
      </p>
      <Alt {...{ image, at, onDescribe }} />
      <Remove {...{ at, onRemove }} />
    </li>
  );
}

const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** The place of the card under the pointer. */
function placeUnder(x: number, y: number): number | null {
  const card = document.elementFromPoint(x, y)?.closest<HTMLElement>('[data-place]');
  return card === null || card === undefined ? null : Number(card.dataset.place);
}

const edgePixels = 60;

/** The page goes along when something is dragged to its upper or lower edge. */
function followToEdge(y: number): void {
  if (y < edgePixels) scrollBy(0, -edgePixels / 4);
  else if (y > innerHeight - edgePixels) scrollBy(0, edgePixels / 4);
}

/** By a pointer of any kind: touch has no drag and drop of its own. */
function Handle({ image, at, onMove }: Pick<CardProps, 'image' | 'at' | 'onMove'>) {
  const handle = useRef<HTMLButtonElement>(null);
  const [isDragging, setDragging] = useState(false);
  // Events may come before what they change is drawn.
  const isHeld = useRef(false);
  const mark = (place: number | null) => {
    for (const card of document.querySelectorAll<HTMLElement>('.image-cards > li'))
      card.classList.toggle('target', place !== null && place !== at && Number(card.dataset.place) === place);
  };
  const end = (place: number | null) => {
    if (!isHeld.current) return;
    isHeld.current = false;
    setDragging(false);
    mark(null);
    if (place !== null && place !== at) onMove(place);
  };
  return (
    <button
      ref={handle}
      type="button"
      class={`handle ${isDragging ? 'dragging' : ''}`}
      aria-label={text.move(at + 1, image.alt)}
      title={text.moveNote}
      onKeyDown={(event) => {
        const step = steps[event.key];
        if (step === undefined) return;
        event.preventDefault();
        onMove(at + step);
      }}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        handle.current?.setPointerCapture(event.pointerId);
        isHeld.current = true;
        setDragging(true);
      }}
      onPointerMove={(event) => {
        if (!isHeld.current) return;
        followToEdge(event.clientY);
        mark(placeUnder(event.clientX, event.clientY));
      }}
      onPointerUp={(event) => end(placeUnder(event.clientX, event.clientY))}
      onPointerCancel={() => end(null)}
    >
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d="M10 2l3 3H7zM10 18l-3-3h6zM2 10l3-3v6zM18 10l-3 3V7zM10 5v10M5 10h10" />
      </svg>
    </button>
  );
}

function Alt({ image, at, onDescribe }: Pick<CardProps, 'image' | 'at' | 'onDescribe'>) {
  const [typed, setTyped] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const save = async () => {
    if (typed === null || typed === image.alt) return setTyped(null);
    try {
      await onDescribe(typed);
      setTyped(null);
      setProblem(null);
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <div onFocusOut={() => void save()}>
      <Field
        {...{ label: text.alt(at + 1), name: `alt-${image.imageId}`, value: typed ?? image.alt, problem }}
        maxLength={300}
        note={text.altNote}
        onInput={setTyped}
      />
    </div>
  );
}

function Remove({ at, onRemove }: Pick<CardProps, 'at' | 'onRemove'>) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const remove = async () => {
    setBusy(true);
    try {
      await onRemove();
      setAsking(false);
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  };
  return (
    <>
      <button type="button" class="link" aria-label={text.removeOf(at + 1)} onClick={() => setAsking(true)}>
        {text.remove}
      </button>
      {isAsking && (
        <Dialog
          {...{ title: text.removeTitle, stay: text.keep, act: text.remove, isBusy, problem }}
          onAct={remove}
          onClose={() => setAsking(false)}
        >
          <p>{text.removeText}</p>
        </Dialog>
      )}
    </>
  );
}
