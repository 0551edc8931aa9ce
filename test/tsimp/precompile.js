// Compiles all of the repository's TypeScript with tsimp before any test process starts (ava.config.js calls it).
//
// tsimp's clients give its daemon 100 ms to answer before they start another one, and a client whose connection is
// closed while it waits never asks again. So many test processes at once, on few cores, sometimes hang. Here one
// client asks for one file after another; the test processes then read what was compiled (hooks.js) and have to ask
// the daemon only about a file that changed since.
import { mkdirSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { forgetDeadDaemon } from './daemon.js';

const folders = ['compiler', 'runtime', 'ops', 'nn', 'test', 'bench', 'examples', 'docs'];
const patience = 30_000;

function sources(root) {
  const files = [join(root, 'index.ts')];
  for (const folder of folders) {
    let names;
    try {
      names = readdirSync(join(root, folder), { recursive: true });
    } catch {
      continue;
    }
    for (const name of names) {
      if (name.endsWith('.ts') && !name.endsWith('.d.ts')) files.push(join(root, folder, name));
    }
  }
  return files;
}

async function answered(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the tsimp daemon did not answer')), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Compiles every source below `root`, and returns the path of the table of results for the test processes. */
export async function precompile(root) {
  const { DaemonClient } = await import('tsimp');
  await forgetDeadDaemon(root);
  let client = new DaemonClient();
  let retried = false;
  const table = {};
  for (const file of sources(root)) {
    let mtime;
    try {
      mtime = statSync(file).mtimeMs;
    } catch {
      continue; // removed meanwhile
    }
    let result;
    try {
      result = await answered(client.compile(file, 'ignore', false));
    } catch (error) {
      if (retried) throw error;
      retried = true;
      await answered(client.kill()).catch(() => {});
      rmSync(join(root, '.tsimp', 'daemon'), { recursive: true, force: true });
      client = new DaemonClient();
      result = await answered(client.compile(file, 'ignore', false));
    }
    if (result.fileName) table[pathToFileURL(file).href] = [mtime, result.fileName];
  }
  client.disconnect();
  mkdirSync(join(root, '.tsimp'), { recursive: true });
  const path = join(root, '.tsimp', `precompiled-${process.pid}.json`);
  writeFileSync(path, JSON.stringify(table));
  process.on('exit', () => {
    try {
      unlinkSync(path);
    } catch {
      // someone cleared .tsimp
    }
  });
  return path;
}
