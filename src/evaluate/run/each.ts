/**
 * Runs `work` over all items, so many at a time; after the first error nothing new is begun, and all that runs ends.
 */
export async function each<T>(
  items: readonly T[],
  atATime: number,
  work: (item: T, position: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const errors: unknown[] = [];
  await Promise.all(
    Array.from({ length: Math.min(atATime, items.length) }, async () => {
      while (errors.length === 0 && next < items.length) {
        const position = next++;
        try {
          await work(items[position]!, position);
        } catch (error) {
          errors.push(error);
        }
      }
    }),
  );
  if (errors.length > 0) throw errors[0];
}
