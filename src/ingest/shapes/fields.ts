/** One row of a table, whatever it was read from. */
export type Row = Readonly<Record<string, unknown>>

/** A row that cannot be taken, with the reason; it is counted and named, and the others go on. */
export class Unusable extends Error {}

/**
 * The cells of a row by name, in whatever form an export gave them: text, numbers, JSON. What is empty, "NULL" or "\N" is
 * unknown. A cell that is there but is not what it should be makes the row unusable.
 */
export class Fields {
  readonly #cells: ReadonlyMap<string, unknown>
  /** Columns that were asked for. */
  readonly used = new Set<string>()

  constructor(row: Row) {
    this.#cells = new Map(Object.entries(row).map(([name, cell]) => [name.trim().toLowerCase(), cell]))
  }

  get columns(): string[] {
    return [...this.#cells.keys()]
  }

  has(name: string): boolean {
    return this.#cells.has(name)
  }

  /** The first of the named columns that is not empty. */
  raw(...names: readonly string[]): unknown {
    let found: unknown = null
    for (const name of names) {
      if (!this.#cells.has(name)) continue
      this.used.add(name)
      const cell = this.#cells.get(name)
      if (found === null && !isUnknown(cell)) found = cell
    }
    return found
  }

  text(...names: readonly string[]): string | null {
    const cell = this.raw(...names)
    if (cell === null) return null
    return typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
  }

  number(...names: readonly string[]): number | null {
    const cell = this.raw(...names)
    if (cell === null) return null
    const value = typeof cell === 'string' && cell.trim() === '' ? Number.NaN : Number(cell)
    if (Number.isFinite(value)) return value
    throw new Unusable(`${names[0]} is no number`)
  }

  /** A number that cannot be below zero. */
  amount(...names: readonly string[]): number | null {
    const value = this.number(...names)
    if (value === null || value >= 0) return value
    throw new Unusable(`${names[0]} is below zero`)
  }

  boolean(...names: readonly string[]): boolean | null {
    const cell = this.raw(...names)
    if (cell === null) return null
    const text = String(cell).toLowerCase()
    if (['true', 't', '1', 'yes'].includes(text)) return true
    if (['false', 'f', '0', 'no'].includes(text)) return false
    throw new Unusable(`${names[0]} is neither true nor false`)
  }

  /** A moment: ISO 8601, as PostgreSQL prints it, or seconds or milliseconds since 1970. Without a zone it is UTC. */
  time(...names: readonly string[]): Date | null {
    const cell = this.raw(...names)
    if (cell === null) return null
    const date = cell instanceof Date ? cell : new Date(momentOf(String(cell)))
    if (!Number.isNaN(date.getTime()) && date.getTime() >= 0) return date
    throw new Unusable(`${names[0]} is no moment after 1970`)
  }

  /** JSON, as a value or as its text; a text that is no JSON is null. */
  json(...names: readonly string[]): unknown {
    const cell = this.raw(...names)
    return typeof cell === 'string' ? parsed(cell) : cell
  }

  /** The properties of a JSON object; none where it is none. */
  object(...names: readonly string[]): Fields {
    const value = this.json(...names)
    return new Fields(value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Row) : {})
  }

  /** A list of names: JSON, a PostgreSQL array ({a,b}), or names with commas between. */
  list(...names: readonly string[]): string[] {
    const cell = this.raw(...names)
    if (cell === null) return []
    if (Array.isArray(cell)) return cell.map(nameIn)
    const text = String(cell).trim()
    const json = parsed(text)
    if (Array.isArray(json)) return json.map(nameIn)
    const inner = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text
    return inner
      .split(',')
      .map(name => name.trim().replace(/^"(.*)"$/, '$1'))
      .filter(name => name !== '')
  }
}

const isUnknown = (cell: unknown) =>
  cell === null || cell === undefined || cell === '' || cell === '\\N' || cell === 'NULL' || cell === 'null'

/** An element of a list is a name, or an object that has one. */
function nameIn(element: unknown): string {
  if (element === null || typeof element !== 'object') return String(element)
  const { agent, name, agent_name: agentName } = element as Record<string, unknown>
  return String(agent ?? name ?? agentName ?? JSON.stringify(element))
}

function momentOf(text: string): string | number {
  // Ten digits are seconds: milliseconds of so few digits would lie in 1970.
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) < 1e11 ? Number(text) * 1000 : Number(text)
  const iso = text
    .trim()
    .replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T')
    .replace(/([+-]\d{2})$/, '$1:00')
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+)?$/.test(iso) ? (iso.includes('T') ? `${iso}Z` : `${iso}T00:00:00Z`) : iso
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
