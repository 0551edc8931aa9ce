// Progress of a long job: a bar that is redrawn on a terminal, a line now and then elsewhere.

const width = 30;

export function showProgress(done: number, total: number, text: string): void {
  const part = done / total;
  if (process.stdout.isTTY) {
    const filled = Math.round(part * width);
    process.stdout.write(`\r[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${text} `);
    if (done === total) process.stdout.write('\n');
  } else if (done === total || done % Math.ceil(total / 5) === 0) console.log(`${Math.round(part * 100)} %  ${text}`);
}
