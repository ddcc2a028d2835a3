export const defaultMaxTokens = 300

/** @throws RangeError */
export const tokensFrom = (text: string | undefined): number => {
  const tokens = text === undefined ? defaultMaxTokens : Number(text)
  if (Number.isInteger(tokens) && tokens > 0 && tokens <= 10_000) return tokens
  throw new RangeError(`--max-tokens ${text} is not a whole number from 1 to 10000.`)
}
