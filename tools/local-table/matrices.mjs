// The linear algebra of the trainer, on square matrices of a few hundred numbers a side, row-major.

/** A seeded source of uniform numbers, 0 ≤ x < 1 (splitmix64, upper 53 bits). */
export function randomSource(seed) {
  let state = BigInt(seed);
  const mask = (1n << 64n) - 1n;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
  };
}

/** A normal number, by the sum of twelve uniform ones. */
export function normal(random) {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
}

/** A random orthogonal matrix of n by n: normal rows, each made orthogonal to those before. */
export function randomOrthogonal(n, random) {
  const m = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = m.subarray(i * n, (i + 1) * n);
    row.forEach((_, k) => (row[k] = normal(random)));
    // Twice, because one pass leaves rounding errors.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = m.subarray(j * n, (j + 1) * n);
        const shared = row.reduce((sum, x, k) => sum + x * other[k], 0);
        row.forEach((x, k) => (row[k] = x - shared * other[k]));
      }
    }
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    row.forEach((x, k) => (row[k] = x / length));
  }
  return m;
}

/** a·b, of n×m and m×p. */
export function product(a, b, n, m, p) {
  const out = new Float64Array(n * p);
  for (let i = 0; i < n; i++)
    for (let k = 0; k < m; k++) {
      const x = a[i * m + k];
      for (let j = 0; j < p; j++) out[i * p + j] += x * b[k * p + j];
    }
  return out;
}

/** The transposed of an n×m matrix. */
export function transposed(a, n, m) {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) out[j * n + i] = a[i * m + j];
  return out;
}

/** Eigenvalues, falling, and their vectors as columns, of a symmetric matrix: Jacobi's rotations. */
export function eigen(symmetric, n) {
  const a = Float64Array.from(symmetric);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q] ** 2;
    if (off < 1e-24) break;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q];
        if (apq === 0) continue;
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[k * n + p], a[k * n + q]];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [a[p * n + k], a[q * n + k]];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const [x, y] = [v[k * n + p], v[k * n + q]];
          v[k * n + p] = c * x - s * y;
          v[k * n + q] = s * x + c * y;
        }
      }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) vectors[k * n + to] = v[k * n + from];
  });
  return { values: order.map((i) => a[i * n + i]), vectors };
}
