const BOUNDARY = '----a-form-of-the-tests';

/** A part of a form: a field's text, or a file with its name. */
export type FormPart =
  | readonly [name: string, value: string]
  | readonly [name: string, file: string, Uint8Array];

/** A form as `curl -F` sends it, its parts in this order. */
export function formOf(...parts: readonly FormPart[]): {
  payload: Buffer;
  headers: { 'content-type': string };
} {
  const pieces = parts.flatMap(([name, text, content]) => {
    const file =
      content === undefined ? '' : `; filename="${text}"\r\ncontent-type: application/octet-stream`;
    const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return [Buffer.from(head), content ?? Buffer.from(text), Buffer.from('\r\n')];
  });
  const payload = Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
  return { payload, headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` } };
}

/** The form that imports a model: the file with the layers first, then those beside it. */
export function importForm(
  files: Readonly<Record<string, Uint8Array>>,
  fields: Readonly<Record<string, string>> = {},
): ReturnType<typeof formOf> {
  const [first, ...others] = Object.entries(files).map(
    ([name, content], i): FormPart => [i === 0 ? 'model' : 'weights', name, content],
  );
  return formOf(...Object.entries(fields), first!, ...others);
}
