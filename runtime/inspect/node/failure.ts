// What ends a command: one line for stderr, and an exit code.

/** 1: what was asked for could not be done. 2: the command line is wrong. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly code: 1 | 2;
  constructor(code: 1 | 2, message: string) {
    super(message);
    this.code = code;
  }
}

/** An error as one line: its name, its message, and where in the user's files it was thrown unless the message says so. */
export function oneLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const message = `${error.name}: ${error.message}`.replace(/\s*\n\s*/g, ' ');
  const frame = /(?:\(|at )(?:file:\/\/)?([^()\s]+:\d+:\d+)\)?$/m.exec(error.stack ?? '');
  return / at \S+:\d+:\d+/.test(message) || frame === null || frame[1].startsWith('node:')
    ? message
    : `${message} at ${frame[1]}`;
}
