/** Cosine similarity to `query`; 0 for a vector of length zero, exactly 1 for the same vector. */
export function cosineTo(query: Float32Array): (vector: Float32Array) => number {
  let square = 0
  for (const value of query) square += value * value
  return vector => {
    let product = 0
    let otherSquare = 0
    for (let index = 0; index < query.length; index += 1) {
      const value = vector[index]!
      product += query[index]! * value
      otherSquare += value * value
    }
    return product === 0 ? 0 : product / Math.sqrt(square * otherSquare)
  }
}
