/**
 * Densities, cumulative probabilities and quantiles. Each is accurate to about 1e-12 in the tests' range and throws a
 * RangeError for parameters outside its domain.
 */
const halfLogTwoPi = 0.9189385332046728

/** ln Γ(x) for x > 0: the recurrence lifts x to 16 or more, where Stirling's series is exact to the last digits. */
export function logGamma(x: number): number {
  requirePositive(x, 'x')
  let product = 1
  let z = x
  for (; z < 16; z++) product *= z
  return (z - 0.5) * Math.log(z) - z + halfLogTwoPi + stirlingError(z) - Math.log(product)
}

/** Log density of Student's t with `dof` > 0 degrees of freedom at x. */
export function studentTLogDensity(x: number, dof: number): number {
  requirePositive(dof, 'dof')
  return logGammaHalfStep(dof / 2) - 0.5 * Math.log(dof * Math.PI) - ((dof + 1) / 2) * Math.log1p((x * x) / dof)
}

/** The p-quantile of Student's t with `dof` > 0 degrees of freedom; p = 0 and 1 give -Infinity and Infinity. */
export function studentTQuantile(p: number, dof: number): number {
  requireProbability(p)
  requirePositive(dof, 'dof')
  if (p === 0.5) return 0
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (p > 0.5) return -studentTQuantile(1 - p, dof)
  // P(T < -t) = I_x(dof/2, 1/2) / 2 at x = dof / (dof + t²) (Abramowitz & Stegun 26.7.1), and (1 - x) / x = t² / dof.
  return -Math.sqrt(dof * Math.exp(-betaQuantileLogit(2 * p, 1 - 2 * p, dof / 2, 0.5)))
}

/** P(Z < x) for a standard normal Z. */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) throw new RangeError('x is not a number')
  const lower = lowerMillsRatio(-Math.abs(x)) * Math.exp((-x * x) / 2 - halfLogTwoPi)
  return x > 0 ? 1 - lower : lower
}

/** The p-quantile of the standard normal; p = 0 and 1 give -Infinity and Infinity. */
export function normalQuantile(p: number): number {
  requireProbability(p)
  if (p === 0.5) return 0
  if (p === 0 || p === 1) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (p > 0.5) return -normalQuantile(1 - p)
  // Newton on ln Φ, which is concave: from a point left of the root it climbs to the root without overshooting.
  let x = -Math.sqrt(-2 * Math.log(p))
  for (let step = 0; step < 60; step++) {
    const ratio = lowerMillsRatio(x)
    const move = (Math.log(p) + (x * x) / 2 + halfLogTwoPi - Math.log(ratio)) * ratio
    x += move
    if (Math.abs(move) <= 1e-15 * Math.abs(x)) break
  }
  return Math.min(x, 0)
}

/** P(X < x) for X ~ Beta(a, b): the regularised incomplete beta function I_x(a, b). */
export function betaCdf(x: number, a: number, b: number): number {
  requirePositive(a, 'a')
  requirePositive(b, 'b')
  if (Number.isNaN(x)) throw new RangeError('x is not a number')
  if (x <= 0) return 0
  return x >= 1 ? 1 : betaTails(x, 1 - x, a, b)[0]
}

/** The p-quantile of Beta(a, b). */
export function betaQuantile(p: number, a: number, b: number): number {
  requireProbability(p)
  requirePositive(a, 'a')
  requirePositive(b, 'b')
  if (p === 0 || p === 1) return p
  return 1 / (1 + Math.exp(-betaQuantileLogit(p, 1 - p, a, b)))
}

/**
 * ln(x / (1 - x)) of the beta quantile, given both tails so that neither loses digits. On the logit scale the logarithm
 * of a tail is concave, so Newton's method converges quickly; a bracket guards the first steps.
 */
function betaQuantileLogit(p: number, q: number, a: number, b: number): number {
  if (p > q) return -betaQuantileLogit(q, p, b, a)
  const target = Math.log(p)
  let low = -700
  let high = 700
  let u = Math.log(a / b)
  for (let step = 0; step < 200; step++) {
    const x = 1 / (1 + Math.exp(-u))
    const y = 1 / (1 + Math.exp(u))
    const lower = betaTails(x, y, a, b)[0]
    const miss = Math.log(lower) - target
    if (miss > 0) high = u
    else low = u
    const newton = u - (miss * lower) / Math.exp(logBetaPower(x, y, a, b))
    const next = newton > low && newton < high ? newton : (low + high) / 2
    const move = Math.abs(next - u)
    u = next
    if (move <= 4e-16 * Math.max(1, Math.abs(u))) break
  }
  return u
}

/** Both tails [P(X < x), P(X > x)] of Beta(a, b), where y = 1 - x is given apart to keep its digits. */
function betaTails(x: number, y: number, a: number, b: number): [number, number] {
  if (x <= a / (a + b)) return betaTailsBelowMean(x, y, a, b)
  const [upper, lower] = betaTailsBelowMean(y, x, b, a)
  return [lower, upper]
}

function betaTailsBelowMean(x: number, y: number, a: number, b: number): [number, number] {
  const power = Math.exp(logBetaPower(x, y, a, b))
  // The continued fraction takes about 10 / sqrt(y) terms; where that is too many the power series takes a few.
  if (y < 0.01 && a * y <= 1) {
    const upper = (power / b) * Math.exp(-a * Math.log1p(-y)) * betaSeries(y, b, a)
    return [1 - upper, upper]
  }
  const lower = power / betaFraction(x, y, a, b)
  return [lower, 1 - lower]
}

/** The series S of I_x(a, b) = x^a S / (a B(a, b)) (Abramowitz & Stegun 26.5.4), for small x and b x. */
function betaSeries(x: number, a: number, b: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; ; n++) {
    term *= ((n - b) / n) * x
    const next = sum + (term * a) / (a + n)
    if (next === sum) return sum
    sum = next
  }
}

/**
 * ln( x^a (1 - x)^b / B(a, b) ) by Loader's saddle-point form (2000, "Fast and accurate computation of binomial
 * probabilities"), which keeps its digits where a and b are large and plain log gammas would cancel.
 */
function logBetaPower(x: number, y: number, a: number, b: number): number {
  const n = a + b
  const deviance = devianceTerm(a, n * x) + devianceTerm(b, n * y)
  const stirling = stirlingError(n) - stirlingError(a) - stirlingError(b)
  return 0.5 * Math.log((a * b) / n) - halfLogTwoPi + stirling - deviance
}

/** k ln(k / m) + m - k, without cancellation where k is near m. */
function devianceTerm(k: number, m: number): number {
  const v = (k - m) / (k + m)
  if (Math.abs(v) >= 0.1) return k * Math.log(k / m) + m - k
  let sum = (k - m) * v
  let term = 2 * k * v
  for (let odd = 3; ; odd += 2) {
    term *= v * v
    const next = sum + term / odd
    if (next === sum) return sum
    sum = next
  }
}

/** ln Γ(z + 1) - (z + ½) ln z + z - ½ ln 2π: what Stirling's formula leaves over. */
function stirlingError(z: number): number {
  if (z < 16) return logGamma(z) + z - (z - 0.5) * Math.log(z) - halfLogTwoPi
  const s = 1 / (z * z)
  return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - (s * 691) / 360360))))) / z
}

/** ln Γ(z + ½) - ln Γ(z), without cancellation for large z. */
function logGammaHalfStep(z: number): number {
  if (z < 10) return logGamma(z + 0.5) - logGamma(z)
  return z * Math.log1p(-0.5 / z) + 0.5 + 0.5 * Math.log(z) + stirlingError(z - 0.5) - stirlingError(z)
}

/**
 * The continued fraction F of the lower tail, I_x(a, b) = x^a y^b / (B(a, b) F), for x up to the mean. In the form of
 * Didonato & Morris (1992, ACM TOMS 708), whose terms do not cancel for large a or b; summed by Lentz's method.
 */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const limit = 1000 + 50 * Math.sqrt(Math.max(a, b))
  const tiny = 1e-300
  const away = (value: number) => (Math.abs(value) < tiny ? tiny : value)
  const belowMean = b < a ? (a + b) * y - b : a - (a + b) * x
  let fraction = away((a * (belowMean + 1)) / (a + 1))
  let c = fraction
  let d = 0
  for (let n = 1; n <= limit; n++) {
    const middle = a + 2 * n - 1
    const share = (n * (b - n) * x) / middle
    const alpha = (((a + n - 1) * (a + b + n - 1) * x) / middle) * share
    const betaTerm = n + share + ((a + n) * (belowMean + 1 + n * (1 + y))) / (middle + 2)
    d = 1 / away(betaTerm + alpha * d)
    c = away(betaTerm + alpha / c)
    fraction *= c * d
    if (Math.abs(c * d - 1) <= 3e-16) return fraction
  }
  throw new RangeError(`the beta function at x = ${x} with a = ${a}, b = ${b} did not converge`)
}

/** Φ(x) / φ(x) for x <= 0: by series near 0 (Marsaglia 2004), by continued fraction in the tail (Laplace). */
function lowerMillsRatio(x: number): number {
  if (x > -3) {
    let sum = x
    let term = x
    for (let odd = 3; ; odd += 2) {
      term *= (x * x) / odd
      if (sum + term === sum) break
      sum += term
    }
    return 0.5 * Math.exp((x * x) / 2 + halfLogTwoPi) + sum
  }
  let fraction = -x
  for (let k = 120; k >= 1; k--) fraction = -x + k / fraction
  return 1 / fraction
}

function requirePositive(value: number, name: string): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw new RangeError(`${name} must be above 0, not ${value}`)
}

function requireProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`p must be in 0..1, not ${p}`)
}
