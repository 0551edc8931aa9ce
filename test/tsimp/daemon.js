// Forgets a tsimp daemon that died with its machine or was killed: it leaves a socket behind on which a client would wait
// for ever, so that node ends at once, silently, having run nothing. In: the folder that holds .tsimp.
import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

function answers(socket) {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

/** Removes what a dead daemon left below `root`; a living one, or none, is left alone. */
export async function forgetDeadDaemon(root) {
  const folder = join(root, '.tsimp', 'daemon');
  if (await answers(join(folder, 'socket'))) return;
  rmSync(folder, { recursive: true, force: true });
}
