import { z } from 'zod';

/** What keeps an address from being asked, in words; undefined where nothing does. */
export function faultOfAddress(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return 'Must be an address that begins with http:// or https://';
  if (url.username !== '' || url.password !== '') return 'Leave user name and password out of the address';
  return undefined;
}

/** An address of the web that Trainyard is to ask. Whether it may is for the guard to say, each time anew. */
export const WebAddress = z
  .string()
  .max(2_000)
  .superRefine((text, context) => {
    const message = faultOfAddress(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ format: 'uri' });
