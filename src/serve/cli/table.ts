import { stripVTControlCharacters } from 'node:util'

export interface Column<Row> {
  readonly title: string
  readonly align?: 'left' | 'right'
  readonly cell: (row: Row) => string
}

/** Rows under their titles, columns aligned and two spaces apart. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  styleTitle: (text: string) => string,
): string {
  const cells = rows.map(row => columns.map(column => column.cell(row)))
  const widths = columns.map(({ title }, index) => Math.max(...[title, ...cells.map(row => row[index]!)].map(widthOf)))
  const line = (texts: readonly string[], style: (text: string) => string) =>
    texts
      .map((text, index) => pad(style(text), widths[index]!, columns[index]!.align ?? 'left'))
      .join('  ')
      .trimEnd()
  const titles = columns.map(({ title }) => title)
  return [line(titles, styleTitle), ...cells.map(row => line(row, text => text))].join('\n')
}

/** Name and value pairs, the values below each other. */
export function renderPairs(
  pairs: readonly (readonly [string, string])[],
  styleName: (text: string) => string,
): string {
  const width = Math.max(...pairs.map(([name]) => widthOf(name)))
  return pairs.map(([name, value]) => `${pad(styleName(name), width, 'left')}  ${value}`.trimEnd()).join('\n')
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? fill + text : text + fill
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** East Asian wide and emoji characters take two columns on a terminal. */
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u

function widthOf(text: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += wide.test(segment) ? 2 : 1
  return width
}
