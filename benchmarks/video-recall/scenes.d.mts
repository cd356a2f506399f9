export function clip(folder: string, seed: number, count?: number): Promise<string>;
export function ledClip(folder: string, seed: number, names: readonly string[]): Promise<string>;
