// Colours for a source. In: nothing. Out: what a page's script looks for in a kernel to colour it, once the kernel is in sight: a page of many
// kernels opens faster without a hundred thousand marked words.

/** The names of the groups are classes of CSS; other words are consumed whole, so that no part of them is taken for something. */
export const tokens =
  /(?<comment>\/\/.*)|(?<string>'[^'\n]*')|\b(?<keyword>function|const|let|for|if|else|return|new)\b|\b(?<number>\d[\d.]*(?:e[+-]?\d+)?)\b|(?<call>[A-Za-z_$][\w$]*)(?=\()|[\w$]+/g;
