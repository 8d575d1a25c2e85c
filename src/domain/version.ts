/** Of NormLab, as in package.json; kept with every run. */
export const VERSION = '0.1.0';
