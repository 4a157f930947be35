/** Categories on the wire. */
import Type, { type Static } from 'typebox';
import { Closed, Id, Nullable, Open } from '../../gateway/schemas.ts';
import { Line } from '../../gateway/texts.ts';

export interface CategoryNode {
  readonly categoryId: string;
  readonly name: string;
  readonly path: string;
  readonly slug: string;
  /** Public products, those of the branches included. */
  productCount: number;
  readonly children: CategoryNode[];
}

export const Category = Open(
  {
    categoryId: Id('category'),
    name: Type.String({ examples: ['Phones'] }),
    path: Type.String({ examples: ['Electronics > Phones'] }),
    slug: Type.String({ examples: ['electronics-phones'] }),
    productCount: Type.Integer({ description: 'Active products, branches included' }),
    children: Type.Array(Type.Unsafe<CategoryNode>({ $ref: '#/components/schemas/Category', examples: [] }), {
      examples: [[]],
      description: 'Its branches, by name',
    }),
  },
  { title: 'Category' },
);

export const CategoryTree = Open({ items: Type.Array(Category) });

export const Slug = Type.String({ pattern: '^[^\\s/]{1,200}$', examples: ['electronics-phones'] });

const name = Line(100, { description: 'Holds no `>`', examples: ['Phones'] });
const parentId = Nullable(Id('category'));

export const NewCategory = Closed({ name, parentId: Type.Optional(parentId) }, { title: 'NewCategory' });
export type NewCategory = Static<typeof NewCategory>;

export const CategoryChange = Closed(
  { name: Type.Optional(name), parentId: Type.Optional(parentId) },
  { title: 'CategoryChange', minProperties: 1 },
);
