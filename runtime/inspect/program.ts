// Programs as their users hold them: a report, a profile, and a page of both. In: what an executable says about itself, and how to
// measure it. Out: a `Program`; a tool that listens hears of it. The page's code is only loaded when somebody asks for a page.

import { ValueError } from '../../compiler/errors.ts';
import { files, listener } from '../environment.ts';
import type { Profile, Program, ProgramReport } from '../program.ts';

/** Measures a program on arguments, or on what its last call left in its inputs. */
export type Measure = (args: readonly unknown[] | undefined, runs: number) => Profile;

/** What a listening tool is told. */
export interface Made {
  readonly program: Program;
  /** False for the program of a value that was read outside of compiled functions. */
  readonly compiled: boolean;
  /** True once it has been called, so that it can be profiled without arguments. */
  readonly called: () => boolean;
}

export function makeProgram(report: ProgramReport, measure: Measure, called: () => boolean): Program {
  // a spread would ask for what the report only makes when it is asked
  const program = Object.defineProperties({}, Object.getOwnPropertyDescriptors(report)) as Program;
  return Object.assign(program, {
    profile: (args, { runs = 10 } = {}) => measure(args, runs),
    report: (file) => writeReport(program, called() ? program.profile() : null, file),
  } satisfies Pick<Program, 'profile' | 'report'>);
}

/** Tells a tool of a program, if one listens. */
export function announce(made: () => Made): void {
  listener()?.(made());
}

async function writeReport(program: Program, profile: Profile | null, file?: string): Promise<string> {
  const fs = files();
  if (file !== undefined && !fs)
    throw new ValueError(
      `report(): there are no files here to write '${file}' to: report() without a name returns the page's text`,
    );
  const { reportPage } = await import('./page.ts');
  const page = reportPage([{ program, profile }], {
    title: program.name,
    readFile: (path) => (fs?.existsSync(path) ? fs.readFileSync(path, 'utf8') : null),
  });
  if (file !== undefined && fs) {
    try {
      fs.writeFileSync(file, page);
    } catch (error) {
      throw new ValueError(`report(): cannot write '${file}': ${(error as Error).message}`, { cause: error });
    }
  }
  return page;
}
