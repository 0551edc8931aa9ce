// GRADLOOM_DEBUG=graph,groups,nests,plan,js,recompile,time,verify: what programs say about themselves, on stderr. Read here and nowhere else.

import { environmentVariable, writeError } from './environment.ts';
import type { ProgramReport, Stage } from './program.ts';

export type Topic = Stage | 'js' | 'recompile' | 'time' | 'verify';

const topics: ReadonlySet<string> = new Set(
  environmentVariable('GRADLOOM_DEBUG')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

/** Whether the compiler checks what its passes make: whenever somebody looks at that. `verify` does only that; times are those of others. */
export const verifying = [...topics].some((topic) => topic !== 'time' && topic !== 'recompile');

export const debugging = (topic: Topic): boolean => topics.has(topic);

/** Prints a text under a topic. */
export function say(topic: Topic, text: string): void {
  if (topics.has(topic)) writeError(`[gradloom ${topic}] ${text}`);
}

const stages: readonly Stage[] = ['graph', 'optimized', 'groups', 'nests', 'plan'];

/** Prints what was asked for about a program that has just been made. */
export function sayProgram(report: ProgramReport): void {
  for (const stage of stages) if (topics.has(stage)) say(stage, `${report.name}\n${report.explain(stage)}`);
  if (topics.has('js')) say('js', `${report.name}\n${report.source}`);
}
