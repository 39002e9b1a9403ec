import { ERRORS } from '../../src/jobs/errors.ts';
import { Problem } from '../../src/spec/resource/problem.ts';
import type { FuzzRequest } from './requests.ts';
import type { Answer } from './service.ts';

const SLOW_MS = 5_000;
/** A stack, a query, a path of the machine, or the name of what the service is built with. */
const LEAK =
  /node_modules|\bat .{1,80}\.[jt]s:\d+|\bSELECT\b|\bINSERT INTO\b|prisma|postgres|\/tmp\/|\/home\/|\/root\//i;

/**
 * What may be told to come again: no worker runs beside this API, and content that is refused to one is deleted while
 * another sends the same.
 */
const MAY_WAIT: ReadonlySet<string> = new Set(['predict', 'createDataset', 'importModel']);

/** What is wrong with an answer, in words; undefined where nothing is. */
export function faultOf(
  request: FuzzRequest,
  { status, headers, body, milliseconds }: Answer,
): string | undefined {
  if (milliseconds > SLOW_MS) return 'took longer than 5 s';
  if (headers['x-powered-by'] !== undefined) return 'tells what it runs on';
  if (status < 400) return undefined;
  const comesAgain =
    status === 503 && MAY_WAIT.has(request.operationId) && headers['retry-after'] !== undefined;
  if (status >= 500 && !comesAgain) return `answers ${status}`;
  if (request.method === 'HEAD' || body === '')
    return request.method === 'HEAD' ? undefined : 'has an empty body';
  return faultOfProblem(request, status, String(headers['content-type']), body);
}

function faultOfProblem(
  request: FuzzRequest,
  status: number,
  type: string,
  body: string,
): string | undefined {
  if (type !== 'application/problem+json') return `is ${type}, no problem`;
  const problem = Problem.safeParse(parsed(body));
  if (!problem.success) return 'is no valid problem';
  if (problem.data.status !== status) return 'tells another status';
  if (!Object.hasOwn(ERRORS, problem.data.code)) return `has the code ${problem.data.code}`;
  const leak = LEAK.exec(body)?.[0];
  if (leak !== undefined && !isEcho(leak, request)) return `tells “${leak}”`;
  return undefined;
}

function isEcho(text: string, { path, body }: FuzzRequest): boolean {
  return decodeURI(path.replaceAll('%', '%25')).includes(text) || (body?.includes(text) ?? false);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
