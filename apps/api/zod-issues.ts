import type { z } from 'zod';
import type { ProblemError } from '../../src/spec/resource/problem.ts';

type Issue = z.core.$ZodIssue;
type UnionIssue = Extract<Issue, { code: 'invalid_union' }>;
type Path = readonly PropertyKey[];

/** Zod's issues as pointers into the body, each with a message that a user can act on. */
export function problemErrors(issues: readonly Issue[], base: Path = []): ProblemError[] {
  return issues.flatMap((issue) => errorsOf(issue, [...base, ...issue.path]));
}

/** RFC 6901: `~` is `~0`, `/` is `~1`; the empty pointer is the whole body. */
export function jsonPointer(path: Path): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** How a value is checked whose issues are told: what isn't there is told by the input that they keep. */
export const PARSING = { reportInput: true } as const satisfies z.core.ParseContext<Issue>;

function errorsOf(issue: Issue, path: Path): ProblemError[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ pointer: jsonPointer([...path, key]), message: 'Unknown field' }));
    case 'invalid_union':
      return unionErrors(issue, path);
    case 'invalid_key':
      return [{ pointer: jsonPointer(path), message: issue.issues.map(({ message }) => message).join('; ') }];
    case 'invalid_type':
    case 'invalid_value':
      return [
        { pointer: jsonPointer(path), message: isMissing(issue) ? MISSING : `Must be ${kindOf(issue)}` },
      ];
    default:
      return [{ pointer: jsonPointer(path), message: issue.message }];
  }
}

/**
 * A union fails once in every branch. What helps is the branch that the user meant: the one whose kind fits
 * and that is nearest to right. Where no kind fits, every kind that would is told.
 */
function unionErrors(issue: UnionIssue, path: Path): ProblemError[] {
  if (isMissing(issue)) return [{ pointer: jsonPointer(path), message: MISSING }];
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : undefined;
  if (options !== undefined)
    return [{ pointer: jsonPointer(path), message: `Must be one of ${options.join(', ')}` }];
  const meant = issue.errors
    .filter((branch) => !branch.some(isWrongKind))
    .sort((a, b) => a.length - b.length)[0];
  if (meant !== undefined) return problemErrors(meant, path);
  const kinds = new Set(issue.errors.flatMap((branch) => branch.filter(isWrongKind).map(kindOf)));
  return [{ pointer: jsonPointer(path), message: `Must be ${[...kinds].join(', or ')}` }];
}

const MISSING = 'Is missing';

function isMissing(issue: Issue): boolean {
  return 'input' in issue && issue.input === undefined;
}

function isWrongKind(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

/** What JSON doesn't call by the names that Zod has for it. */
const KINDS: Readonly<Record<string, string>> = { int: 'a whole number', record: 'of type object' };

function kindOf(issue: Issue): string {
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String).join(', ');
    return issue.values.length === 1 ? values : `one of ${values}`;
  }
  if (issue.code === 'invalid_type') return KINDS[issue.expected] ?? `of type ${issue.expected}`;
  return issue.message;
}
