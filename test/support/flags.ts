/** A flag's value; throws when it is anything but a whole number from 0 to `max`. */
export function whole(text: string, name: string, max = Number.MAX_SAFE_INTEGER): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw new Error(`--${name} must be a whole number up to ${max}, not "${text}"`);
}
