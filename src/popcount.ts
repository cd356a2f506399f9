/** How many bits are set in each 16-bit word: `bitCounts[0b1011]` is 3. */
export const bitCounts: Uint8Array = new Uint8Array(65_536);
for (let word = 1; word < bitCounts.length; word++) bitCounts[word] = bitCounts[word >> 1]! + (word & 1);
