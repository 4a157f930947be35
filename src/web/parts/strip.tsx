/**
 * The strip: one canvas, one draw a frame at the most. Places are eased to the newest that is known and never past it; a
 * place that was counted anew further back jumps. Nothing is drawn while the page is hidden.
 */
import './strip.css';
import { effect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { drawStrip } from './strip-draw.ts';
import type { Colours, StripView } from './strip-stage.ts';

/** By then two thirds of the way to a new place are gone. */
const easeMs = 160;
const glowMs = 700;
/** Of what counts as arrived. */
const near = 0.02;

interface StripProps {
  readonly view: ReadonlySignal<StripView>;
  /** Where it is the way to the front: its share and its words. */
  readonly progress?: { readonly label: string; readonly percent: number; readonly text: string } | null;
}

export function Strip({ view, progress }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const artist = new Artist(canvas.current!);
    const stop = effect(() => artist.show(view.value));
    return () => {
      stop();
      artist.stop();
    };
  }, [view]);
  const role = progress
    ? {
        role: 'progressbar' as const,
        'aria-label': progress.label,
        'aria-valuemin': 0,
        'aria-valuemax': 100,
        'aria-valuenow': progress.percent,
        'aria-valuetext': progress.text,
      }
    : {};
  return (
    <div class="strip" {...role}>
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas takes no focus */}
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  );
}

interface Look extends Colours {
  /** Beside the page's column, and its width, in pixels. */
  readonly gutter: number;
  readonly page: number;
}

class Artist {
  readonly #canvas: HTMLCanvasElement;
  readonly #pen: CanvasRenderingContext2D;
  readonly #sizes: ResizeObserver;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #view: StripView | null = null;
  #shown: { ahead: number | null; serving: number; line: number } | null = null;
  #glow = 0;
  #frame = 0;
  #drawnMs = 0;
  #look: Look | null = null;

  readonly #onLook = () => {
    this.#look = null;
    this.#ask();
  };

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#pen = canvas.getContext('2d')!;
    this.#sizes = new ResizeObserver(this.#onLook);
    this.#sizes.observe(canvas);
    this.#dark.addEventListener('change', this.#onLook);
    document.addEventListener('visibilitychange', this.#onLook);
  }

  show(view: StripView): void {
    if (this.#view !== null && view.serving > this.#view.serving) this.#glow = 1;
    if (this.#view?.door !== view.door) this.#look = null;
    this.#view = view;
    this.#ask();
  }

  stop(): void {
    cancelAnimationFrame(this.#frame);
    this.#sizes.disconnect();
    this.#dark.removeEventListener('change', this.#onLook);
    document.removeEventListener('visibilitychange', this.#onLook);
  }

  #ask(): void {
    if (this.#frame === 0 && !document.hidden)
      this.#frame = requestAnimationFrame((nowMs) => this.#draw(nowMs));
  }

  #draw(nowMs: number): void {
    this.#frame = 0;
    const view = this.#view;
    if (view === null) return;
    const isMoving = this.#move(view, Math.min(100, nowMs - this.#drawnMs));
    this.#drawnMs = nowMs;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) {
      this.#canvas.width = wide;
      this.#canvas.height = high;
    }
    this.#pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.#look ??= lookOf(this.#canvas);
    const { ahead, serving, line } = this.#shown!;
    const gutter = this.#look.gutter + Math.max(0, (width - this.#look.page) / 2);
    drawStrip(
      {
        pen: this.#pen,
        width,
        height,
        gutter: Math.max(gutter, 8),
        colours: this.#look,
        glow: this.#glow,
      },
      { ...view, ahead, serving, line: view.line === null ? null : line },
    );
    if (isMoving) this.#ask();
  }

  /** A step of the easing; whether there is more to go. */
  #move(view: StripView, passedMs: number): boolean {
    const target = { ahead: view.ahead, serving: view.serving, line: view.line ?? 0 };
    const before = this.#shown;
    // Backwards, or from afar: at once.
    const isJump =
      before === null ||
      this.#still.matches ||
      (target.ahead === null) !== (before.ahead === null) ||
      (target.ahead ?? 0) > (before.ahead ?? 0) + 0.5;
    if (isJump) {
      this.#shown = target;
      this.#glow = 0;
      return false;
    }
    const share = 1 - Math.exp(-passedMs / easeMs);
    const ease = (from: number, to: number) => (Math.abs(to - from) < near ? to : from + (to - from) * share);
    this.#shown = {
      ahead: target.ahead === null ? null : ease(before.ahead!, target.ahead),
      serving: target.serving < before.serving ? target.serving : ease(before.serving, target.serving),
      line: ease(before.line, target.line),
    };
    this.#glow = Math.max(0, this.#glow - passedMs / glowMs);
    const { ahead, serving, line } = this.#shown;
    return this.#glow > 0 || ahead !== target.ahead || serving !== target.serving || line !== target.line;
  }
}

function lookOf(element: Element): Look {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--strip-${name}`).trim() || 'transparent';
  return {
    ...{ ink: of('ink'), quiet: of('quiet'), rule: of('rule'), mark: of('mark'), onMark: of('on-mark') },
    ...{ light: of('light'), lightEnd: of('light-end'), door: of('door'), wall: of('wall') },
    font: style.fontFamily,
    gutter: Number.parseFloat(style.getPropertyValue('--gutter')) || 16,
    page: Number.parseFloat(style.getPropertyValue('--page')) || Number.POSITIVE_INFINITY,
  };
}
