import type { Column } from '../../spec/dataset.ts';
import type { PictureFacts } from './decode.ts';

/** So many sizes are listed; there may be as many as there are pictures. */
const SIZES_LISTED = 20;

/** What a column of pictures holds, gathered one by one. */
export class PictureSummary {
  private readonly name: string;
  private readonly sizes = new Map<string, { height: number; width: number; count: number }>();
  private areGrey = true;

  constructor(name: string) {
    this.name = name;
  }

  add({ height, width, isGrey }: PictureFacts): void {
    const key = `${height} × ${width}`;
    const size = this.sizes.get(key);
    if (size) size.count++;
    else this.sizes.set(key, { height, width, count: 1 });
    if (!isGrey) this.areGrey = false;
  }

  finish(): Column {
    const channels = this.areGrey ? 1 : 3;
    const sizes = [...this.sizes.values()].sort((a, b) => b.count - a.count);
    const [{ height, width }] = sizes as [(typeof sizes)[number]];
    return {
      name: this.name,
      type: 'tensor',
      ...(sizes.length === 1 && { shape: [height, width, channels] }),
      missing: 0,
      distinct: null,
      min: 0,
      max: 255,
      integer: true,
      pictures: { channels, sizes: sizes.slice(0, SIZES_LISTED), distinctSizes: sizes.length },
    };
  }
}
