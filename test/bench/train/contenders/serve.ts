import { createInterface } from 'node:readline';
import type { Measured, Prepared, Setting, Turn } from '../protocol.ts';

/** One way to compute a setting, in a process of its own. */
export interface Contender {
  prepare(): Promise<Prepared>;
  takeTurn(seconds: number): Promise<Measured>;
}

/** Serves the bench until it hangs up: idle, but for the turns that it is asked to take. */
export async function serve(start: (way: string, setting: Setting) => Promise<Contender>): Promise<void> {
  const [way, setting] = process.argv.slice(2) as [string, string];
  const say = (answer: Prepared | Measured) => console.log(JSON.stringify(answer));
  let contender: Contender;
  try {
    contender = await start(way, JSON.parse(setting));
    say(await contender.prepare());
  } catch (error) {
    return say({ cannot: (error as Error).message });
  }
  for await (const line of createInterface(process.stdin)) {
    const { seconds } = JSON.parse(line) as Turn;
    say(await contender.takeTurn(seconds));
  }
}
