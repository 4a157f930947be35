/** What the server loads of the pages, as one file (`cli/pages.ts`): `Drawing` of `gateway/web-files.ts`. */
export { draw, readsOf } from './drawing.tsx';
