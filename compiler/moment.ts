// When a member of a group is computed: before all rows, once per row, within a pass over a row, or after all rows, where sums over rows end.

export type Moment = 'prologue' | 'row' | 'inner' | 'tail';
