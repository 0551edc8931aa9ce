// Nodes that come from a given place. In: an origin. Out: nodes that name it.

import { setOriginSource } from '../../compiler/node.ts';
import type { Node, Origin } from '../../compiler/node.ts';

/** What `make` builds, as if it stood at that place. */
export function located(origin: Origin, make: () => Node): Node {
  const before = setOriginSource(() => origin);
  try {
    return make();
  } finally {
    setOriginSource(before);
  }
}
