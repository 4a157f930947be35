/** Whether this is a browser: pages that can be read without their script are drawn on the server, too (`drawing.tsx`). */
export const isBrowser = 'document' in globalThis;
