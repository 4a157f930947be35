/** Changes of images on the wire; an image itself is a part of its product. */
import Type, { type Static } from 'typebox';
import { Closed } from '../../gateway/schemas.ts';
import { BlankLine } from '../../gateway/texts.ts';

export const imagesMax = 12;

export const ImageChange = Closed(
  {
    alt: Type.Optional(
      BlankLine(300, { description: 'What it shows, for people who do not see it', examples: ['A mug'] }),
    ),
    position: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 100, description: 'From 0; beyond the last one it is the last' }),
    ),
  },
  { title: 'ImageChange', minProperties: 1 },
);
export type ImageChange = Static<typeof ImageChange>;
