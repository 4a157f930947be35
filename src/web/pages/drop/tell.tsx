/** "Tell me when it's my turn": a sound and a notice, for whoever asks for them; remembered in this browser. */
import { effect, type Signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { store, stored } from '../../stored.ts';
import { words } from '../../words-drop.ts';
import type { Drop } from './model.ts';

const name = 'tell';
const wanted: Signal<boolean | null> = stored<boolean>(name);
/** A browser lets sound out only where it was begun by a press. */
let sound: AudioContext | null = null;

function prepareSound(): void {
  try {
    sound ??= new AudioContext();
    void sound.resume();
  } catch {
    // A browser without sound.
  }
}

function prepare(): void {
  prepareSound();
  if ('Notification' in globalThis && Notification.permission === 'default')
    void Notification.requestPermission();
}

export function Tell() {
  const isWanted = wanted.value === true;
  return (
    <>
      <button
        type="button"
        class="tell"
        aria-pressed={isWanted}
        aria-describedby="told"
        onClick={() => {
          if (!isWanted) prepare();
          store(name, isWanted ? null : true);
        }}
      >
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M6 16.500V11a6 6 0 0 1 12 0v5.500l1.500 2h-15z" />
          <path d="M10 21h4" />
        </svg>
        {words.place.tell}
      </button>
      <p class="told quiet small" id="told">
        {words.place.told}
      </p>
    </>
  );
}

/** Rings once when the turn comes while the page stands. */
export function useBell(drop: Drop, title: string): void {
  // Asked for before the page was loaded again: the next press lets sound out.
  useEffect(() => {
    const once = { once: true };
    const prepareAgain = () => wanted.peek() === true && prepareSound();
    addEventListener('click', prepareAgain, once);
    return () => removeEventListener('click', prepareAgain);
  }, []);
  useEffect(() => {
    let before = drop.screen.peek();
    return effect(() => {
      const now = drop.screen.value;
      const hasCome = now === 'turn' && (before === 'place' || before === 'soldOut');
      before = now;
      if (hasCome && wanted.peek() === true) ring(title);
    });
  }, [drop, title]);
}

function ring(title: string): void {
  if (sound !== null) chime(sound);
  if (!document.hidden || !('Notification' in globalThis) || Notification.permission !== 'granted') return;
  try {
    const notice = new Notification(words.place.notice, { body: words.place.noticeText(title), tag: 'turn' });
    notice.onclick = () => {
      focus();
      notice.close();
    };
  } catch {
    // Some phones allow notices from a service worker only.
  }
}

/** Two tones, like a shop's bell. */
function chime(context: AudioContext): void {
  for (const [pitch, at] of [
    [880, 0],
    [1_174, 0.22],
    [880, 0.9],
    [1_174, 1.12],
  ] as const) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + at;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.3, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.5);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.55);
  }
}
