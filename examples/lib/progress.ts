// Progress on the terminal. In: how much there is to do, and what to say meanwhile. Out: a bar that is drawn over and over again where
// somebody watches, a few plain lines otherwise.

const width = 24;
const linesIfPlain = 5;

/** `update(done, text)` shows where we are; call it as often as you like. */
export function startProgress(total: number): { update(done: number, text: string): void } {
  const { stdout } = process;
  let shown = -1;
  return {
    update(done, text) {
      const steps = stdout.isTTY ? width : linesIfPlain;
      const at = Math.floor((done / total) * steps);
      if (at === shown && done < total) return;
      shown = at;
      if (!stdout.isTTY) stdout.write(`${done}/${total}  ${text}\n`);
      else {
        const bar = '█'.repeat(at) + '░'.repeat(width - at);
        stdout.write(`\r${bar} ${done}/${total}  ${text}${done === total ? '\n' : ''}`);
      }
    },
  };
}
