/**
 * Loaded before a program (`node --import`), in its threads as well: the wall clock is `WALL_CLOCK_OFF_MS` off, as on a
 * machine whose clock was set wrong. The monotonic clock is as it was.
 */
const offMs = Number(process.env.WALL_CLOCK_OFF_MS);
const Right = Date;

globalThis.Date = class extends Right {
  constructor(...args: unknown[]) {
    super(...((args.length === 0 ? [Right.now() + offMs] : args) as [number]));
  }
  static override now = () => Right.now() + offMs;
} as DateConstructor;
