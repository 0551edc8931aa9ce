// What a user may choose about printing, and how a change of it is merged in: PyTorch's `set_printoptions`.
//
// In: the options in force and the wished changes. Out: the new options; nothing here is changed in place.

/** How tensors are printed. */
export interface PrintOptions {
  /** Digits after the decimal point of a floating-point element. */
  readonly precision: number;
  /** A tensor of more elements than this is summarised: its edges, and `...` for the rest. */
  readonly threshold: number;
  /** How many elements a summary shows at each end of a dimension. */
  readonly edgeitems: number;
  /** The length at which lines are broken. */
  readonly linewidth: number;
  /** Scientific notation always (`true`), never (`false`), or as the values need it (`null`). */
  readonly sciMode: boolean | null;
}

/** The name of a set of options: see `printProfiles`. */
export type PrintProfile = 'default' | 'short' | 'full';

/** Changes to the options: a profile first, then single options on top of it. */
export interface PrintOptionChanges extends Partial<PrintOptions> {
  readonly profile?: PrintProfile;
}

/** The options before anyone has changed them. */
export const defaultPrintOptions: PrintOptions = {
  precision: 4,
  threshold: 1000,
  edgeitems: 3,
  linewidth: 80,
  sciMode: null,
};

/** The three sets of options that have names: `full` never summarises, `short` has two digits and two edge items. */
export const printProfiles: Readonly<Record<PrintProfile, PrintOptions>> = {
  default: defaultPrintOptions,
  short: { ...defaultPrintOptions, precision: 2, edgeitems: 2 },
  full: { ...defaultPrintOptions, threshold: Infinity },
};

/**
 * The options in force after `changes`. What is not mentioned stays, with one exception that is PyTorch's:
 * `sciMode` goes back to `null` (choose by the values) whenever it is not given.
 *
 * @example
 * mergePrintOptions(defaultPrintOptions, { precision: 2 }).precision; // 2
 * mergePrintOptions(defaultPrintOptions, { profile: 'short', edgeitems: 1 }).precision; // 2
 */
export function mergePrintOptions(current: PrintOptions, changes: PrintOptionChanges): PrintOptions {
  const base = changes.profile === undefined ? current : printProfiles[changes.profile];
  return {
    precision: changes.precision ?? base.precision,
    threshold: changes.threshold ?? base.threshold,
    edgeitems: changes.edgeitems ?? base.edgeitems,
    linewidth: changes.linewidth ?? base.linewidth,
    sciMode: changes.sciMode ?? null,
  };
}
