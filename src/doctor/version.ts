/**
 * The version of this package. It is written here, and not read from package.json, so that it is right inside a bundle;
 * a test compares the two.
 */
export const version: string = "0.1.0";
