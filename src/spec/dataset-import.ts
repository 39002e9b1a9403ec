import { z } from 'zod';
import { Name } from './common.ts';
import { DatasetFormat, DeclaredType } from './dataset.ts';
import { WebAddress } from './web-address.ts';

/** Types that a user sets for columns rather than leaves to inference. */
export const ColumnTypes = z.record(Name, DeclaredType);

/** A data set that is to be fetched from where it lies. */
export const DatasetImport = z.strictObject({
  url: WebAddress.meta({ description: 'Asked by GET; up to 5 redirects are followed.' }),
  name: Name.optional().meta({ description: 'The file’s name when left out.' }),
  format: DatasetFormat.optional().meta({
    description: 'Follows the answer’s media type when left out, else the name of the file in the address.',
  }),
  columnTypes: ColumnTypes.optional(),
});
export type DatasetImport = z.infer<typeof DatasetImport>;
